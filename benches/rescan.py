#!/usr/bin/env python3
"""What a scan costs that knows of the last one, beside one that starts from nothing, in one run.

    benches/rescan.py SOURCE... [--vega target/release/vega] [--rounds 3]

Scans a copy of each folder: from nothing; with a cache that is empty; again, unchanged; again after
a line was added to one file, another one each round. The least CPU time of all rounds counts, because
what a shared machine adds is never work of the program. Every report must be the one that a scan from
nothing gives; the sources stay as they are.
"""
import pathlib, random, shutil, sys, tempfile
from support.measured import arguments, measure

CODE = {".py", ".java"}


def scan(vega, tree, report, *more):
    """CPU seconds and memory in MB; the report goes to a file."""
    command = [vega, "runner", "--source", str(tree), "--format", "json", "--quiet"]
    return measure([*command, "--output", str(report), *more])


def costs(vega, source, folder, rounds):
    tree, cache = folder / source.name, folder / "scan.cache"
    shutil.copytree(source, tree, symlinks=True)
    code = sorted(path for path in tree.rglob("*") if path.suffix in CODE and path.is_file())
    chosen = random.Random(0).sample(code, min(rounds, len(code)))
    anew, told = folder / "anew.json", folder / "told.json"
    best = {}

    def step(name, *more, report=told):
        seconds, memory = scan(vega, tree, report, *more)
        known = best.get(name, (seconds, memory))
        best[name] = min(known[0], seconds), max(known[1], memory)

    def same(name):
        if anew.read_bytes() != told.read_bytes():
            sys.exit(f"{source.name}: {name} says something else than a scan from nothing")

    kept = ("--cache", str(cache))
    for changed in chosen:
        step("anew", report=anew)
        cache.unlink(missing_ok=True)
        step("first", *kept)
        same("the first scan")
        step("unchanged", *kept)
        same("a scan of what did not change")
        changed.write_bytes(b"\n" + changed.read_bytes())
        step("one file", *kept)
        step("anew", report=anew)
        same("a scan after a change")
    return best, cache.stat().st_size / 1e6


def main():
    options, vega = arguments(__doc__)
    names = ["anew", "first", "unchanged", "one file"]
    print(f"{'CPU seconds':24}" + "".join(f" {name:>10}" for name in names) + "   cache MB  memory MB")
    for source in options.source:
        with tempfile.TemporaryDirectory() as folder:
            best, size = costs(vega, source, pathlib.Path(folder), options.rounds)
        seconds = "".join(f" {best[name][0]:10.2f}" for name in names)
        memory = "/".join(f"{best[name][1]:.0f}" for name in ["anew", "one file"])
        print(f"{source.name:24}{seconds} {size:10.1f}  {memory:>9}")


if __name__ == "__main__":
    main()
