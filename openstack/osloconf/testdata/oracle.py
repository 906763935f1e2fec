# Loads configuration files with oslo.config and prints what it took from
# them. One JSON request per line: {"files": [path, ...]}; one JSON answer per
# line: {"error": text} or {"files": [{section: {option: [value, ...]}}, ...],
# "values": {section: {option: value}}}, the latter as effective over all files.
# With "own": [[section, option], ...] in the request, the answer has "got":
# {section: {option: value or null}} too: what a service gets that has those
# options, and each option that the files set, in a section of the spelling of its
# header. null stands for an error.
import json
import sys

from oslo_config import cfg


def got(conf, request, values):
    headers = set()
    for path in request["files"]:
        for line in open(path, encoding="utf-8"):
            if line.startswith("["):
                headers.add(line.strip()[1:-1])
    options = {(h, o) for h in headers for o in values.get(h if h == "DEFAULT" else h.lower(), {})}
    options = {(h, o) for h, o in options if not o.startswith("_")}  # no option has such a name
    for section, option in options | {tuple(o) for o in request["own"]}:
        conf.register_opt(cfg.StrOpt(option), group=None if section == "DEFAULT" else section)
    out = {}
    for section, option in options:
        try:
            value = conf[option] if section == "DEFAULT" else conf[section][option]
        except Exception:
            value = None
        out.setdefault(section, {})[option] = value
    return out


for line in sys.stdin:
    request = json.loads(line)
    argv = []
    for path in request["files"]:
        argv += ["--config-file", path]
    conf = cfg.ConfigOpts()
    try:
        conf(argv, default_config_files=[], default_config_dirs=[])
    except Exception as e:
        print(json.dumps({"error": type(e).__name__}), flush=True)
        continue
    space = conf._namespace
    values = {}
    for sections in space._normalized:
        for section, options in sections.items():
            for option in options:
                value, _ = space._get_value([(section, option)])
                values.setdefault(section, {})[option] = value
    files = list(reversed(space._normalized))
    answer = {"files": files, "values": values}
    if "own" in request:
        answer["got"] = got(conf, request, values)
    print(json.dumps(answer), flush=True)
