#!/usr/bin/env python3
"""Speed and memory of `vega runner`, Semgrep CE and Bandit on the same sources in one run.

    benches/side_by_side.py SOURCE... [--vega target/release/vega] [--rounds 3]

Each tool looks at each folder in turn, round after round; the least CPU time of all rounds counts,
because what a shared machine adds is never work of the tool. CPU seconds are those of the program
and all it started, KLOC are lines of Python and Java, memory is the largest process. Semgrep runs
with the taint rules beside this script, Bandit with its own checks and on Python only. Both are
installed from PyPI into target/ in the versions below; the sources stay where they are.
"""
import os, pathlib, subprocess, sys
from support.measured import arguments, measure

HERE = pathlib.Path(__file__).resolve().parent
VERSIONS = ["semgrep==1.182.0", "bandit==1.9.4"]


def tools(folder):
    """Where the programs of the peers are, installed when they are not."""
    installed = folder / "installed"
    wanted = "\n".join(VERSIONS)
    if not installed.exists() or installed.read_text() != wanted:
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        pip = [str(folder / "bin/pip"), "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *VERSIONS], check=True)
        installed.write_text(wanted)
    return folder / "bin"


def lines_of(source, suffixes):
    files = (path for path in source.rglob("*") if path.suffix in suffixes and path.is_file())
    return sum(path.read_bytes().count(b"\n") for path in files)


def main():
    options, vega = arguments(__doc__)
    programs = tools(HERE.parent / "target" / "peers")
    environment = dict(os.environ, PATH=f"{programs}:{os.environ['PATH']}", SEMGREP_SEND_METRICS="off")
    print(f"{'source':24} {'KLOC':>6}  {'tool':8} {'CPU s':>8} {'KLOC/CPU s':>10} {'MB':>6}")
    for source in options.source:
        python, java = lines_of(source, {".py"}), lines_of(source, {".java"})
        commands = {
            "vega": ([vega, "runner", "--source", str(source), "--format", "json", "--quiet"], python + java),
            "semgrep": ([str(programs / "semgrep"), "scan", "--config", str(HERE / "side_by_side.semgrep.yaml"),
                         "--metrics", "off", "--disable-version-check", "--no-git-ignore", "--quiet",
                         "--json", str(source)], python + java),
        }
        if python:
            commands["bandit"] = ([str(programs / "bandit"), "-r", "-q", "-f", "json", str(source)], python)
        best = {}
        for _ in range(options.rounds):
            for tool, (command, _) in commands.items():
                cpu, memory = measure(command, environment)
                known = best.get(tool, (cpu, memory))
                best[tool] = (min(cpu, known[0]), max(memory, known[1]))
        for tool, (cpu, memory) in best.items():
            kloc = commands[tool][1] / 1000
            print(f"{source.name[:24]:24} {kloc:6.0f}  {tool:8} {cpu:8.1f} {kloc / cpu:10.1f} {memory:6.0f}")
        ratio = best["vega"][0] / best["semgrep"][0]
        print(f"{source.name[:24]:24} vega needs {ratio:.2f} of the CPU time of semgrep")


main()
