# Loads configuration files with oslo.config and prints what it took from
# them. One JSON request per line: {"files": [path, ...]}; one JSON answer per
# line: {"error": text} or {"files": [{section: {option: [value, ...]}}, ...],
# "values": {section: {option: value}}}, the latter as effective over all files.
import json
import sys

from oslo_config import cfg

for request in sys.stdin:
    argv = []
    for path in json.loads(request)["files"]:
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
    print(json.dumps({"files": files, "values": values}), flush=True)
