"""registry.py SUITE RELEASE VERSIONS SETTINGS asks nova-compute, cinder-volume,
cinder-backup and glance-api of this tree which options they register, and has
each of them read its own part of SETTINGS. capture runs it, and says more.

The output is JSON, one object a line: first the release and the packages; then
for each service its name, and for each section its name and the options in it.
An option has its type with choices and bounds, its default, the names that it
is also read by ("deprecated": section.option) and whether it is deprecated for
removal. The last line of some services has the names of all sections that it
reads ("groups") and the drivers that it can load ("classes").
"""
import importlib
import json
import os
import sys
import traceback

# Of what a service registers, the sections that settings and findings speak of.
# Glance is asked twice, as enabled_backends puts the stores of old out of use.
SECTIONS = {
    "glance-api": ["DEFAULT", "glance_store", "rbd", "file", "http", "cinder"],
    "glance-api stores": ["glance_store"],
    "cinder-volume": ["DEFAULT", "ceph", "glance"],
    "cinder-api": ["keystone_authtoken"],
    "cinder-backup": ["DEFAULT"],
    "nova-compute": ["DEFAULT", "libvirt", "workarounds", "service_user"],
}
# Without its package there is no service to ask.
PACKAGES = {"glance": "python3-glance", "cinder": "python3-cinder", "nova": "python3-nova"}
VERSIONS = ["python3-nova", "python3-cinder", "python3-glance", "python3-glance-store",
            "python3-keystonemiddleware", "python3-oslo.config", "python3-minimal"]
# Releases by the major version of nova.
NOVA = {"victoria": "22", "zed": "26", "2025.1": "31", "2026.1": "33", "2026.2": "34"}
BACKENDS = ["rbd", "file", "http", "cinder", "ceph"]
CLASSES = ["cinder.volume.drivers.rbd.RBDDriver", "cinder.backup.drivers.ceph.CephBackupDriver",
           "cinder.backup.drivers.ceph"]


def conf():
    return importlib.import_module("oslo_config.cfg").CONF


def begin(*modules):
    """Imports the modules of a service's program, and has it read no file yet."""
    for module in modules:
        importlib.import_module(module)
        if module.startswith("cinder.cmd."):
            importlib.import_module("cinder.objects").register_all()
    conf()(args=[], project="registry", default_config_files=[], default_config_dirs=[])
    return conf()


def glance_api():
    import_glance()
    store = importlib.import_module("glance_store")
    conf().set_override("enabled_backends", {kind: kind for kind in BACKENDS[:4]})
    store.register_store_opts(conf())


def glance_api_stores():
    import_glance()
    importlib.import_module("glance_store").register_opts(conf())


def import_glance():
    importlib.import_module("glance.common.config")
    begin("glance.common.wsgi", "glance.common.wsgi_app", "glance.api.v2.images", "glance.location")


def cinder_volume():
    """Starts the backend [ceph]: its driver registers what it reads there."""
    begin("cinder.cmd.volume", "cinder.volume.manager", "cinder.image.glance")
    configuration = importlib.import_module("cinder.volume.configuration")
    manager = importlib.import_module("cinder.volume.manager")
    backend = configuration.Configuration(manager.volume_backend_opts, config_group="ceph")
    driver = load(CLASSES[0])
    driver(configuration=backend, host="registry@ceph")


def cinder_backup():
    begin("cinder.cmd.backup", "cinder.backup.manager")
    load(CLASSES[1])


def cinder_api():
    begin("cinder.common.config", "keystonemiddleware.auth_token")


def nova_compute():
    begin("nova.cmd.compute", "nova.virt.libvirt.driver")


START = {"glance-api": glance_api, "glance-api stores": glance_api_stores, "cinder-volume": cinder_volume,
         "cinder-api": cinder_api, "cinder-backup": cinder_backup, "nova-compute": nova_compute}


def load(name):
    """Loads a class by its name, as the services do."""
    return importlib.import_module("oslo_utils.importutils").import_class(name)


def classes():
    """Those of CLASSES that are classes."""
    out = []
    for name in CLASSES:
        try:
            if isinstance(load(name), type):
                out.append(name)
        except ImportError:
            pass
    return out


def option(opt, section):
    """Describes an option in a line."""
    out = {"option": opt.dest}
    out.update(value_type(opt.type))
    if opt.multi:
        out["multi"] = True
    old = ["%s.%s" % (d.group or section, (d.name or opt.dest).replace("-", "_")) for d in opt.deprecated_opts]
    if old:
        out["deprecated"] = sorted(set(old))
    if opt.deprecated_for_removal:
        out["removal"] = True
    # A default with a sample_default depends on the machine.
    if opt.default is not None and opt.sample_default is None:
        out["default"] = opt.default
    return out


def value_type(kind):
    out = {"type": type(kind).__name__}
    if getattr(kind, "choices", None):
        out["choices"] = list(kind.choices)
    for name in ("min", "max", "regex"):
        value = getattr(kind, name, None)
        if value is not None:
            out[name] = getattr(value, "pattern", value)
    for name in ("item_type", "value_type"):
        inner = getattr(kind, name, None)
        if inner is not None and (type(inner).__name__ != "String" or inner.choices):
            out["of"] = value_type(inner)
    return out


def group(section):
    if section == "DEFAULT":
        return conf()._opts
    return conf()._groups[section]._opts


def dump(service):
    line({"service": service})
    for section in SECTIONS[service]:
        if section != "DEFAULT" and section not in conf()._groups:
            continue
        line({"section": section})
        for name, entry in sorted(group(section).items()):
            if service == "cinder-backup" and not name.startswith(("backup", "restore")):
                continue  # the rest is as cinder-volume has it
            line(option(entry["opt"], section))
    # At the end, as it imports what would register more.
    if service in ("glance-api", "cinder-volume"):
        line(further(service))


def further(service):
    """The sections whose names a backend cannot have, and the drivers that can be loaded."""
    out = {}
    if service == "glance-api":
        opts = importlib.import_module("glance.opts")
        listed = opts.list_api_opts() + opts.list_image_import_opts()
    else:
        listed = importlib.import_module("cinder.opts").list_opts()
        out["classes"] = classes()
    names = set(conf()._groups) | {str(g) for g, _ in listed if g}
    # Cinder lists examples of names that are anyone's choice.
    out["groups"] = sorted(n for n in names - set(BACKENDS) if not n.lower().endswith("_fabric_example"))
    return out


def line(value):
    print(json.dumps(value, default=str, separators=(",", ":")))


def mine(service, settings):
    """The lines "[section] option = value" of a service."""
    here, lines = False, []
    for text in open(settings).read().splitlines():
        if text.startswith("#"):
            here = text == "# " + service
        elif here and "] -" not in text:
            lines.append(text)
    return lines


def read(service, settings):
    """Has the service read what SETTINGS say of it: every option is one that it
    registers, and every value one that it takes. Gives their number."""
    lines = mine(service, settings)
    if not lines:
        raise ValueError("%s has no settings for %s" % (settings, service))
    path = "/tmp/%s.conf" % service
    with open(path, "w") as f:
        for text in lines:
            section, rest = text[1:].split("] ", 1)
            f.write("[%s]\n%s\n" % (section, rest))
    if service == "glance-api":
        conf().clear_override("enabled_backends")
    conf()(args=[], project="registry", default_config_files=[path], default_config_dirs=[])
    for text in lines:
        section, rest = text[1:].split("] ", 1)
        name = rest.split(" = ", 1)[0]
        value = conf()[name] if section == "DEFAULT" else conf()[section][name]
        if value is None:
            raise ValueError("%s: nothing was read for %s" % (service, text))
    return len(lines)


def child(service, settings):
    """Asks one service in a process of its own, as each has a CONF for itself."""
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return os.waitpid(pid, 0)[1] == 0
    try:
        START[service]()
        dump(service)
        if service not in ("cinder-api", "glance-api stores"):
            sys.stderr.write("%s reads %d settings\n" % (service, read(service, settings)))
        sys.stdout.flush()
        os._exit(0)
    except BaseException:
        traceback.print_exc()
    os._exit(1)


def main(suite, release, versions, settings):
    have = dict(text.split() for text in open(versions))
    nova = have["python3-nova"].split(":")[-1].split(".")[0]
    if nova != NOVA[release]:
        sys.exit("registry.py: nova %s is not of %s" % (nova, release))
    line({"made by": "openstack/testdata/registry/capture " + suite, "release": release,
          "packages": {name: have[name] for name in VERSIONS if name in have}})
    ok = [child(s, settings) for s in sorted(SECTIONS) if PACKAGES[s.split("-")[0]] in have]
    sys.exit(0 if all(ok) else 1)


if __name__ == "__main__":
    main(*sys.argv[1:])
