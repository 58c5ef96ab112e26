"""What a program needs, for the scripts that compare scans."""
import argparse, os, pathlib, shutil, subprocess, sys, tempfile


def arguments(description):
    """The sources, the rounds, and where `vega` is."""
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=description, formatter_class=form)
    parser.add_argument("source", nargs="+", type=pathlib.Path)
    parser.add_argument("--vega", default="target/release/vega")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    vega = shutil.which(options.vega) or sys.exit(f"{options.vega}: not there; build it with --release")
    return options, vega


def measure(command, environment=None):
    """CPU seconds and the memory of the largest process, in MB. Findings (exit code 1) are no failure."""
    with tempfile.TemporaryFile() as errors:
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors, env=environment)
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode not in (0, 1):
            errors.seek(0)
            sys.exit(f"{command[0]} failed ({child.returncode}):\n{errors.read()[-2000:].decode()}")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024
