# Tries a login to a Ceph cluster with the librados of this host, and answers with the errno of the connection.
# It is sent to a host by package login. Standard input is a JSON object (type order in login.go).
import ctypes
import json
import os
import sys

answer = os.dup(1)
null = os.open(os.devnull, os.O_WRONLY)
os.dup2(null, 1)  # librados prints keys that it cannot read
os.dup2(null, 2)


def end(**said):
    os.write(answer, (json.dumps(said) + "\n").encode())
    os._exit(0)


order = json.loads(sys.stdin.read())
try:
    lib = ctypes.CDLL("librados.so.2")
except OSError:
    end(fault="librados")
cluster = ctypes.c_void_p()
code = lib.rados_create2(ctypes.byref(cluster), b"ceph", order["entity"].encode(), ctypes.c_uint64(0))
if code < 0:
    end(fault="option")
if lib.rados_conf_read_file(cluster, order["conf"].encode()) < 0:
    end(fault="conf")
options = {"log_file": "", "log_to_stderr": "false", "err_to_stderr": "false", "log_to_syslog": "false",
           "admin_socket": "", "keyring": "", "keyfile": "", "client_mount_timeout": str(order["timeout"]),
           "key": order["key"]}
for name, value in options.items():
    if lib.rados_conf_set(cluster, name.encode(), value.encode()) < 0:
        end(fault="option")
end(login=-lib.rados_connect(cluster))
