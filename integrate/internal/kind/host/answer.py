# Tells whether a service answers by HTTP on this host: connects to each port on which a process of its unit listens,
# with HTTP or with HTTPS. The exit status is 0 if one of them answers, and not with an error of its own (5xx).
import binascii, os, socket, ssl, subprocess, sys

unit = sys.argv[1]
shown = subprocess.check_output(["systemctl", "show", "--property=ControlGroup", unit]).decode()
group = shown.strip().partition("=")[2]
sockets = set()
for root in "/sys/fs/cgroup", "/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified":
    for folder, _, _ in os.walk(root + group) if group.strip("/") else ():
        try:
            with open(folder + "/cgroup.procs") as f:
                processes = f.read().split()
        except EnvironmentError:
            continue
        for process in processes:
            opened = "/proc/%s/fd" % process
            try:
                numbers = os.listdir(opened)
            except EnvironmentError:  # it has ended
                continue
            for number in numbers:
                try:
                    sockets.add(os.readlink("%s/%s" % (opened, number)))
                except EnvironmentError:
                    pass

ends = set()
for table, family in ("tcp", socket.AF_INET), ("tcp6", socket.AF_INET6):
    try:
        with open("/proc/net/" + table) as f:
            lines = f.read().splitlines()[1:]
    except EnvironmentError:  # there is no IPv6
        continue
    for words in (line.split() for line in lines):
        if words[3] != "0A" or "socket:[%s]" % words[9] not in sockets:
            continue
        raw, port = words[1].split(":")
        raw = binascii.unhexlify(raw)
        if sys.byteorder == "little":
            raw = b"".join(raw[i:i + 4][::-1] for i in range(0, len(raw), 4))
        every = not raw.strip(b"\0")
        for address in ["127.0.0.1", "::1"][:1 + (family == socket.AF_INET6)] if every else \
                [socket.inet_ntop(family, raw)]:
            ends.add((address, int(port, 16)))


def ask(end, tls):
    s = socket.create_connection(end, 5)
    try:
        if tls:
            c = ssl.create_default_context()
            c.check_hostname, c.verify_mode = False, ssl.CERT_NONE
            s = c.wrap_socket(s)
        s.sendall(b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n")
        got = b""
        while len(got) < 12:
            more = s.recv(4096)
            if not more:
                break
            got += more
        return got
    finally:
        s.close()


said = []
for end in sorted(ends):
    for tls in False, True:
        try:
            got = ask(end, tls)
        except EnvironmentError as e:
            said.append("%s port %d: %s" % (end[0], end[1], e))
            continue
        if got[:7] == b"HTTP/1." and got[9:10] in (b"2", b"3", b"4"):
            print("%s port %d: %s" % (end[0], end[1], got[9:12].decode()))
            sys.exit(0)
        said.append("%s port %d: %r" % (end[0], end[1], got[:12]))
sys.stderr.write("; ".join(said) or "no process of %s listens on a port" % unit)
sys.stderr.write("\n")
sys.exit(1)
