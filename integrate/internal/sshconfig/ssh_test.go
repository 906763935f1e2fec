package sshconfig_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cephstack/cephstack/integrate/internal/sshconfig"
)

// An oracle asks the real ssh what it would do.
type oracle struct {
	t    *testing.T
	user *user.User
	dir  string
}

func newOracle(t *testing.T) oracle {
	t.Helper()
	if _, err := exec.LookPath("ssh"); os.Getenv("CEPHSTACK_LIVE") == "0" || err != nil &&
		os.Getenv("CEPHSTACK_LIVE") == "" {
		t.Skip("ssh is not asked")
	}
	u, err := user.Current()
	require.NoError(t, err)
	return oracle{t, u, t.TempDir()}
}

// put writes a file; DIR in it is the folder.
func (o oracle) put(name, text string) string {
	o.t.Helper()
	path := filepath.Join(o.dir, name)
	require.NoError(o.t, os.WriteFile(path, []byte(strings.ReplaceAll(text, "DIR", o.dir)), 0o600))
	return path
}

// ssh gives the settings by ssh -G, in the form of ours; ok is false if ssh refuses the file.
func (o oracle) ssh(file, host string) (text string, ok bool) {
	cmd := exec.Command("ssh", "-G", "-F", file, host)
	out, err := cmd.Output()
	if err != nil {
		return "", false
	}
	values := map[string][]string{}
	for l := range strings.Lines(string(out)) {
		key, value, _ := strings.Cut(strings.TrimSuffix(l, "\n"), " ")
		values[key] = append(values[key], value)
	}
	one := func(key string) string { return strings.Join(values[key], " ") }
	files := func(key string) string {
		return strings.ReplaceAll(one(key), "~/", o.user.HomeDir+"/")
	}
	// ssh -G shows what stands for something else as it is.
	ids := strings.NewReplacer("%n", host, "%r", one("user"), "%%", "%").Replace(files("identityfile"))
	if strings.Contains(ids, "/id_rsa") && strings.Contains(ids, "/id_ed25519_sk") { // the default
		ids = ""
	}
	known := files("userknownhostsfile")
	if strings.HasSuffix(known, "known_hosts2") {
		known = ""
	}
	global := one("globalknownhostsfile")
	if strings.HasSuffix(global, "known_hosts2") || global == "none" {
		global = ""
	}
	// ssh -G puts brackets around a jump host of digits.
	jump := strings.NewReplacer("[", "", "]", "").Replace(one("proxyjump"))
	return describe(one("hostname"), one("user"), one("port"), ids, one("identitiesonly"), jump, known,
		global), true
}

func describe(parts ...string) string {
	if parts[5] == "none" {
		parts[5] = ""
	}
	return fmt.Sprintf("%q", parts)
}

// ours is the same by the package.
func (o oracle) ours(file, host string) (string, error) {
	c, err := sshconfig.Load(o.user.HomeDir, sshconfig.Source{Path: file})
	if err != nil {
		return "", err
	}
	t := c.Target(o.user.Username, host)
	for _, err := range t.Faults {
		return "", err
	}
	if t.HostName == "" {
		t.HostName = host
	}
	if n, err := strconv.ParseUint(t.HostName, 0, 32); err == nil { // ssh shows a number as an address
		t.HostName = netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}).String()
	}
	if t.User == "" {
		t.User = o.user.Username
	}
	if t.Port == 0 {
		t.Port = 22
	}
	here, err := os.Getwd() // to which a name is relative
	require.NoError(o.t, err)
	relative := func(all []string) string {
		var names []string
		for _, name := range all {
			names = append(names, strings.TrimPrefix(name, here+"/"))
		}
		return strings.Join(names, " ")
	}
	only := map[bool]string{true: "yes", false: "no"}[t.IdentitiesOnly]
	var hops []string
	for _, h := range t.ProxyJump {
		text := h.Host
		if h.User != "" {
			text = h.User + "@" + text
		}
		if h.Port > 0 {
			text += ":" + strconv.Itoa(h.Port)
		}
		hops = append(hops, text)
	}
	return describe(t.HostName, t.User, strconv.Itoa(t.Port), relative(t.IdentityFiles), only,
		strings.Join(hops, ","), relative(t.KnownHosts),
		strings.Join(t.GlobalKnownHosts, " ")), nil
}

// agree compares what ssh and the package make of a text.
func (o oracle) agree(text string, hosts ...string) (refused bool) {
	o.t.Helper()
	file := o.put("config", text)
	for _, host := range hosts {
		want, ok := o.ssh(file, host)
		got, err := o.ours(file, host)
		if !ok {
			refused = true
			continue // ssh checks words that are not ours, too
		}
		if assert.NoError(o.t, err, "%s\n%s", host, text) {
			assert.Equal(o.t, want, got, "%s\n%s", host, text)
		}
	}
	return refused
}

func configs() []string {
	return []string{
		"",
		"HostName 192.0.2.1\nUser ops\nPort 2222\n",
		"Host compute1\n  HostName 192.0.2.1\nHost *\n  HostName 192.0.2.9\n  User all\n",
		"Host *\n User a\nHost compute1\n User b\n",
		"Host compute* !compute2\n\tUser=ops\n\tPort = 22022\n",
		"Host compute?\n User one\nHost compute??\n User two\nHost compute\n User none\n",
		"Host compute1\tcompute2\n\tUser\ttabs\n",
		"hOST compute1\nuSER Big\n",
		"Host compute*\nHostName %h.example.com\n",
		"Host compute1\nHostName a%%b\n",
		"IdentityFile ~/.ssh/a\nHost compute1\nIdentityFile /keys/%n\nIdentityFile /keys/%n\nIdentityFile /%%\n",
		"IdentityFile \"/keys/with space\"\nIdentitiesOnly yes\n",
		"Host compute1\nIdentitiesOnly no\nHost *\nIdentitiesOnly yes\n",
		"ProxyJump bastion\n",
		"Host compute*\nProxyJump me@bastion:2222,ssh://you@inner:22/\nHost *\nProxyJump other\n",
		"Host compute1\nProxyJump none\nHost *\nProxyJump other\n",
		"UserKnownHostsFile ~/.ssh/a ~/.ssh/b\n",
		"GlobalKnownHostsFile /g/a /g/b\nGlobalKnownHostsFile /g/c\n", "GlobalKnownHostsFile none\n",
		"Host compute1\nGlobalKnownHostsFile ~/.ssh/%h\n", "GlobalKnownHostsFile\n", "GlobalKnownHostsFile # a\n",
		"UserKnownHostsFile \"/k/a\" /k/b\nUserKnownHostsFile /k/c\n",
		"Host compute1 # User no\nUser ops # the user\n# User no\n   # User no\nPort 23#\n",
		"Include DIR/in1\nUser last\n",
		"Host compute1\nInclude DIR/in*\nHost *\nUser last\n",
		"Host compute2\nInclude DIR/in1\nInclude DIR/missing\nHost compute1\nUser last\n",
		"Match all\nUser all\nPort 24\n",
		"Host compute1\nPort 25\nMatch all\nUser all\nPort 24\n",
		"User first\r\nPort 2022\r\n",
		"User noend",
		"Host compute1\nUser \"quoted\"\nHostName=\"192.0.2.3\"\n",
		"Host \"compute1\" other\nUser ops\n",
		"Host c*1 c*3\nUser ops\nHost *o*p*t*\nPort 31\n",
		"StrictHostKeyChecking no\nForwardAgent yes\nUser ops\n",
		"Host 192.0.2.*\nUser byaddress\n",
		"Port 0\n", "Port 70000\n", "HostName a b\n", "User\n", "Nonsense x\n",
	}
}

// quotes are lines with what has a meaning in values.
func quotes() []string {
	return []string{
		"User \"a b\"\n", "User 'c d'\n", "User 'c'\\''d'\n", "User a\\ b\n", "User \"a\\\"b\"\n", "User a\\b\\\\c\n",
		"User \"a\\ b\"\n", "User a'b c'\"d e\"\n", "User ''x\n", "User ''\n", "User \"\"\n", "User 'a\n",
		"User \"a'b\"\n", "User a# b\n", "User a '#b'\n", "User '#b'\n", "User=a=b\n", "User = =a\n", "User == a\n",
		"User\"b\"\n", "\"User\" b\n", "\"User b\n", "=User b\n", " = User b\n", "User\t=\tb\n", "User='b'\n",
		"IdentityFile 'a b' # x\n", "IdentityFile /a\\ b/'c d'\nIdentityFile=\"/e\"\n", "IdentityFile /a b\n",
		"ProxyJump=a\n", "ProxyJump a # b\n", "ProxyJump 'a'\n", "ProxyJump = a,b\n", "ProxyJump none # x\n",
		"ProxyJump a\vb\n", "ProxyJump \fa\n", "ProxyJump \f a\n", "ProxyJump a b\n", "ProxyJump \r22,u@33:4\n",
		"UserKnownHostsFile '/k a' \"/k b\" /k\\ c\n", "UserKnownHostsFile=/k\n", "UserKnownHostsFile /k '' /l\n",
		"Host 'compute1' \"\" x\nUser a\n", "Host '' compute1\nUser a\n", "Host \"!compute2\" compute*\nUser a\n",
		"Host=compute1\nUser a\n", "Host compute\\1\nUser a\n", "Host comp'ute'1 # compute2\nUser a\n",
		"Match \"all\"\nUser a\n", "Match all # x\nUser a\n", "Match=all\nUser a\n", "Include \"DIR/in1\" DIR/in'2'\n",
		"Include=DIR/in1\n", "IdentitiesOnly 'yes'\n", "IdentitiesOnly=\"true\"\n", "Port '22'\n", "Port \"2\"3\n",
		"Port \\ 22\n", "Port \" \t22\"\n", "Port \"22 \"\n", "Port +22\n", "Port 022\n", "Port -22\n",
		"Port 0x16\n", "Port ssh\n",
		"Port nothing\n", "Port ''\n",
		"User a\f\n", "User a\fb\n", "User a\rb\n", "\fUser a\n", "User\fa\n", "User a\v\n", "User a\x00b\n",
		"User \"a # b\"\n",
	}
}

func TestQuotesAreThoseOfSSH(t *testing.T) {
	o := newOracle(t)
	o.put("in1", "User included\n")
	o.put("in2", "Port 2203\n")
	for _, text := range quotes() {
		o.agree(text, "compute1")
	}
}

func TestSettingsAreThoseOfSSH(t *testing.T) {
	o := newOracle(t)
	o.put("in1", "User included\nHost compute2\nPort 2202\nHost *\nIdentityFile /in1\n")
	o.put("in2", "Port 2203\nIdentityFile /in2\nInclude DIR/in1\n")
	hosts := []string{"compute1", "compute2", "compute", "compute12", "192.0.2.7"}
	for _, text := range configs() {
		o.agree(text, hosts...)
	}
}

// TestRandomSettingsAreThoseOfSSH puts files together from lines.
func TestRandomSettingsAreThoseOfSSH(t *testing.T) {
	o := newOracle(t)
	o.put("in1", "User included\nHost compute2\nPort 2202\nHost *\nIdentityFile /in1\n")
	o.put("in2", "Host *1\nPort 2203\nIdentityFile /in2\nInclude DIR/in1\n")
	plain := []string{"Host compute1", "Host compute*", "Host * !compute2", "Host *2 compute1", "Match all",
		"Host c?mpute?",
		"HostName 192.0.2.1", "HostName %h.x", "User a", "user=b", "User \"c\"", "Port 22", "Port = 2222",
		"IdentityFile ~/a",
		"IdentityFile /b/%n/%r", "IdentityFile /c", "IdentitiesOnly yes", "IdentitiesOnly no",
		"ProxyJump a,b@c:3", "ProxyJump none",
		"GlobalKnownHostsFile /g /h",
		"UserKnownHostsFile /k /l", "UserKnownHostsFile ~/m", "Include DIR/in1", "Include DIR/in2",
		"Include DIR/in?", "# x", "",
		"\tUser t # x", "StrictHostKeyChecking no"}
	dressed := []string{"Host compute1\tcompute2", "Host \"compute1\"", "Host compute?", "Host compute1 # the first",
		"Host c,compute1", "Host=compute1", "Host *", "Host * !compute2", "  User 'a b'", "  User a # x",
		"  User \"a\" # x", "\tUser\ta#b", "  IdentityFile '/k a'", "  IdentityFile /k\\ a",
		"  IdentityFile \"/k/#a\"", "  IdentityFile=\"/q\"", "  Port 22 # x", "  Port=\"2222\"",
		"  UserKnownHostsFile '/k a' /b # x", "  UserKnownHostsFile \"/k a\" \"/l\"", "  ProxyJump a # x",
		"  ProxyJump=b,c", "  ProxyCommand none", "  IdentitiesOnly \"yes\"", "  IdentitiesOnly yes # x", "Match all",
		"Include DIR/in1 DIR/in2 # x", "Include \"DIR/in1\"", "  HostName %h.x # y", "  HostName \"192.0.2.1\"",
		"# Host *", ""}
	r := rand.New(rand.NewPCG(1, 2))
	const texts = 120
	refused := 0
	for i := range texts {
		if o.agree(random(r, [][]string{plain, dressed}[i%2]), "compute1", "compute2", "compute") {
			refused++
		}
	}
	t.Logf("%d files, of which ssh refuses %d", texts, refused)
}

// random is a text of some of the lines.
func random(r *rand.Rand, lines []string) string {
	var b strings.Builder
	for range r.IntN(14) {
		b.WriteString(lines[r.IntN(len(lines))] + "\n")
	}
	return b.String()
}

// TestRandomMatchesAreSaid: where a Match block makes ssh do something else, there is a note.
func TestRandomMatchesAreSaid(t *testing.T) {
	o := newOracle(t)
	lines := []string{"Match host compute1", "Match host compute*,!compute2", "Match originalhost compute1",
		"Match user a", "Match localuser " + o.user.Username, "Match host compute1 user a", "Match final", "Match all",
		"Match !host compute2", "Host compute1", "Host *", "HostName 192.0.2.1", "User a", "User b", "Port 22",
		"Port 2222", "IdentityFile /a", "IdentityFile /b/%r", "IdentitiesOnly yes", "ProxyJump a",
		"UserKnownHostsFile /k /l", "# x"}
	r := rand.New(rand.NewPCG(5, 2))
	others := 0
	for range 80 {
		text := random(r, lines)
		file := o.put("config", text)
		want, ok := o.ssh(file, "compute1")
		got, err := o.ours(file, "compute1")
		require.True(t, ok, text)
		require.NoError(t, err, text)
		if got == want {
			continue
		}
		others++
		c, err := sshconfig.Load(o.user.HomeDir, sshconfig.Source{Path: file})
		require.NoError(t, err)
		assert.NotEmpty(t, c.Target(o.user.Username, "compute1").Unused, "%s\n%s\n%s", text, want, got)
	}
	assert.NotZero(t, others)
	t.Logf("80 files, of which ssh takes %d otherwise", others)
}

// TestRandomQuotesAreThoseOfSSH puts values together from what has a meaning in them.
func TestRandomQuotesAreThoseOfSSH(t *testing.T) {
	o := newOracle(t)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	keys := []string{"User", "User", "IdentityFile", "UserKnownHostsFile", "HostName", "IdentityFile",
		"UserKnownHostsFile", "ProxyJump", "Host", "Port", "IdentitiesOnly", "\"User\"", "Use\"r\"", "user"}
	between := []string{" ", " ", " ", " ", "=", " = ", "\t", "= ", "==", "", "\"", " '"}
	pieces := []string{"a", "/b", "compute1", "22", "yes", "'", "'", "\"", "\"", "\\", " ", " ", "\t", "#", "=", ",", "*",
		"!", "'a b'", "\"a b\"", "\"'\"", "'\"'",
		"\\'", "\\\"", "\\ ", "\\\\", "\r", "\f"}
	refused := 0
	const texts = 200
	for range texts {
		var b strings.Builder
		for range 1 + r.IntN(2) {
			b.WriteString(keys[r.IntN(len(keys))] + between[r.IntN(len(between))])
			for range 1 + r.IntN(5) {
				b.WriteString(pieces[r.IntN(len(pieces))])
			}
			b.WriteString("\n")
		}
		if o.agree(b.String(), "compute1") {
			refused++
		}
	}
	t.Logf("%d files, of which ssh refuses %d", texts, refused)
}
