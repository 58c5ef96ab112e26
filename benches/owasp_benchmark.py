#!/usr/bin/env python3
"""Scores `vega runner` on a checkout of an OWASP Benchmark (Java or Python).

    benches/owasp_benchmark.py CHECKOUT [--vega target/release/vega] [--mutate] [--wrong CATEGORY]

Per category: true and false positive rate and Youden's index (their difference), and the mean of the
indexes. A finding counts for a test case when it stands in the file of that case and has the weakness
of the category. With --mutate the same is done on a copy in which files, classes and helpers have
other names and comments are gone; both must score the same. The benchmark stays where it is.
"""
import argparse, collections, csv, json, pathlib, re, resource, shutil, subprocess, sys, tempfile

# Weaknesses that count for the weakness of a category: the same fault under a nearer name.
NEAR = {
    "22": {"22", "23", "36", "73"},
    "78": {"78", "77", "88"},
    "79": {"79", "80"},
    "89": {"89", "564", "943"},
    "90": {"90"},
    "94": {"94", "95", "96"},
    "327": {"327", "326"},
    "328": {"328", "327", "916"},
    "330": {"330", "338"},
    "501": {"501"},
    "502": {"502"},
    "601": {"601"},
    "611": {"611"},
    "614": {"614", "1004"},
    "643": {"643", "91"},
}


def expected(checkout):
    table = sorted(checkout.glob("expectedresults-*.csv"))[-1]
    cases = {}
    for row in csv.reader(table.open()):
        if row and not row[0].startswith("#"):
            cases[row[0]] = (row[1], row[2] == "true", row[3].strip())
    return cases


def scan(vega, source):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [vega, "runner", "--source", str(source), "--format", "json", "--quiet"],
        capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 1):
        sys.exit(f"vega runner failed ({done.returncode}):\n{done.stderr[-2000:]}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return json.loads(done.stdout), cpu, after.ru_maxrss / 1024


def found(report, cases):
    """The weaknesses reported for each case."""
    by_case = collections.defaultdict(set)
    for finding in (entry["content"] for entry in report["findings"]):
        if finding.get("lead"):
            continue
        stem = pathlib.PurePosixPath(finding["location"]["file_path"]).stem
        if stem in cases:
            by_case[stem].update(cwe.removeprefix("CWE-") for cwe in finding["cwe"])
    return by_case


def score(cases, by_case):
    table = collections.defaultdict(lambda: [0, 0, 0, 0])
    wrong = collections.defaultdict(list)
    for name, (category, real, cwe) in cases.items():
        hit = bool(by_case.get(name, set()) & NEAR.get(cwe, {cwe}))
        cell = table[category]
        cell[(0 if hit else 1) if real else (2 if hit else 3)] += 1
        if hit != real:
            wrong[category].append(f"{name} {'missed' if real else 'false alarm'}")
    return table, wrong


def show(table):
    print(f"{'category':16} {'TP':>5} {'FN':>5} {'FP':>5} {'TN':>5} {'TPR':>6} {'FPR':>6} {'Youden':>7}")
    indexes = []
    for category in sorted(table):
        tp, fn, fp, tn = table[category]
        tpr, fpr = tp / max(tp + fn, 1), fp / max(fp + tn, 1)
        indexes.append(tpr - fpr)
        print(f"{category:16} {tp:5} {fn:5} {fp:5} {tn:5} {tpr:6.3f} {fpr:6.3f} {tpr - fpr:+7.3f}")
    macro = sum(indexes) / len(indexes)
    print(f"{'macro':16} {'':37} {macro:+7.3f}")
    return macro


def mutate(checkout, cases, into):
    """A copy in which nothing has its name: cases, helpers; and no comments."""
    names = {name: f"Unit{index * 7919 % 99991:05d}" for index, name in enumerate(sorted(cases))}
    helpers = [path for path in checkout.rglob("*") if path.is_file() and "helpers" in path.parts]
    for index, path in enumerate(sorted({p.stem for p in helpers if p.suffix in (".java", ".py")})):
        if len(path) > 3 and path != "__init__":
            names.setdefault(path, f"Aux{index:03d}" if path[0].isupper() else f"aux{index:03d}")
    names["helpers"] = "support"
    words = re.compile(r"\b(" + "|".join(sorted(map(re.escape, names), key=len, reverse=True)) + r")(?=\b|_)")
    rename = lambda text: words.sub(lambda match: names[match.group(1)], text)
    for path in sorted(checkout.rglob("*")):
        if not path.is_file() or ".git" in path.parts or path.suffix in (".csv", ".md"):
            continue
        target = into / rename(str(path.relative_to(checkout)))
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            shutil.copy(path, target)
            continue
        if path.suffix == ".java":
            text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
            text = re.sub(r"(?m)^\s*//.*$", "", text)
        elif path.suffix == ".py":
            text = re.sub(r"(?m)^\s*#.*$", "", text)
            text = re.sub(r"\A\s*'''.*?'''", "", text, flags=re.S)
        target.write_text(rename(text))
    return {names[name]: value for name, value in cases.items()}


def lines_of(checkout):
    suffixes = (".java", ".py")
    files = [p for p in checkout.rglob("*") if p.suffix in suffixes and ".git" not in p.parts]
    return sum(p.read_bytes().count(b"\n") for p in files)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkout", type=pathlib.Path)
    parser.add_argument("--vega", default="target/release/vega")
    parser.add_argument("--mutate", action="store_true", help="also score a copy with other names")
    parser.add_argument("--wrong", metavar="CATEGORY", help="list the cases judged wrong")
    options = parser.parse_args()
    cases = expected(options.checkout)
    report, cpu, rss = scan(options.vega, options.checkout)
    table, wrong = score(cases, found(report, cases))
    macro = show(table)
    kloc = lines_of(options.checkout) / 1000
    print(f"{kloc:.0f} KLOC, {cpu:.1f} CPU-seconds, {kloc / cpu:.1f} KLOC per CPU-second, {rss:.0f} MB")
    for case in wrong.get(options.wrong, []):
        print(" ", case)
    if options.mutate:
        with tempfile.TemporaryDirectory() as folder:
            renamed = mutate(options.checkout, cases, pathlib.Path(folder))
            report, _, _ = scan(options.vega, folder)
            table, _ = score(renamed, found(report, renamed))
            print("\nwith other names and no comments")
            again = show(table)
        if again < macro - 0.005:
            sys.exit(f"other names cost {macro - again:.3f}")


main()
