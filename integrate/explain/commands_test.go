package explain_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/cephstack/cephstack/integrate/explain"
)

// programs are those that a text may name, with the beginnings of their arguments. A program without any takes
// whatever a text gives it.
func programs() map[string][]string {
	return map[string][]string{
		"ceph": {"-s", "health detail", "osd tree", "osd df", "osd pool ls detail", "osd pool application get", "osd crush",
			"osd erasure-code-profile get", "osd erasure-code-profile ls", "auth get client.", "auth get-key client.",
			"auth ls", "df", "osd get-require-min-compat-client", "versions",
			"features", "fsid", "mon dump", "pg dump_stuck", "pg stat", "quorum_status",
			"config get mon ", "tell mon.ID sessions", "tell mon.ID config get ",
			"-n client.", "--cluster CLUSTER auth get client.", "--version"},
		"rbd": {"ls ", "info ", "snap ls ", "status ", "trash ls ", "diff ", "--id NAME ls ", "--cluster CLUSTER info ",
			"--cluster CLUSTER --id NAME ls "},
		"rados": {"-p POOL ls", "-p cephstack lock list operator-lock"},
		"virsh": {"domblklist ", "secret-list", "secret-dumpxml UUID", "secret-get-value UUID", "list", "dumpxml INSTANCE"},
		"openstack": {"server show ", "server list", "server migration list ", "volume show ", "volume list", "image show ",
			"image list", "image create ", "volume service list", "compute service list", "volume type list",
			"volume type show ", "volume snapshot show ", "volume backup show ", "volume backup list",
			"volume backup restore ", "volume attachment list", "--os-volume-api-version 3.27 volume attachment list ",
			"availability zone list", "hypervisor list",
			"aggregate list", "catalog list", "console log show ", "--os-cloud NAME "},
		"journalctl":    {"-u ", "-k"},
		"systemctl":     {"status ", "cat ", "is-active ", "list-unit-files", "list-units"},
		"docker":        {"ps", "inspect CONTAINER", "exec CONTAINER ", "exec nova_libvirt virsh "},
		"podman":        {"ps"},
		"cinder-manage": {"service list", "cluster list"},
		"nova-manage":   {"--version", "volume_attachment show "},
		"cephstack":     {"plan", "trust", "drift"},
		"ssh":           nil, "ssh-keygen": {"-l -f "}, "sshd": {"-T"}, "sudo": {"-l -U USER", "--version"}, "visudo": {"-c"},
		"ls": nil, "cat": nil, "date": {"-u"}, "grep": nil,
		"namei": nil, "readlink": {"-f "}, "diff": nil, "id": nil, "which": nil,
		"env":    nil,
		"getent": {"passwd ", "hosts "}, "getfacl": nil, "python3": {"-m json.tool "}, "aa-status": nil,
		"dpkg-query": {"-W "}, "rpm": {"-q"}, "apt-cache": {"policy "}, "apt-mark": {"showhold"},
		"dnf":  {"repolist", "list ", "versionlock list"},
		"curl": nil, "openssl": {"s_client "}, "ceph-conf": {"-c "}, "ceph-authtool": {"-l "},
		"head": nil, "wc": nil, "base64": {"-d"}, "echo": nil,
	}
}

// TestCommandsArePlausible looks up each program of a command, also behind a pipe or a semicolon.
func TestCommandsArePlausible(t *testing.T) {
	split := regexp.MustCompile(` \| |; `)
	used := map[string]bool{}
	for _, topic := range explain.All() {
		for _, command := range topic.See {
			assert.NotEmpty(t, command.Line, topic.Name)
			for _, part := range split.Split(command.Line, -1) {
				program, arguments, _ := strings.Cut(part, " ")
				known, ok := programs()[program]
				assert.True(t, ok, "%s: is %s a program?", topic.Name, program)
				used[program] = true
				fits := known == nil || slices.ContainsFunc(known, func(beginning string) bool {
					return strings.HasPrefix(arguments, beginning)
				})
				assert.True(t, fits, "%s: does %s do this: %s?", topic.Name, program, arguments)
			}
		}
	}
	for program := range programs() {
		assert.True(t, used[program], "no text names %s", program)
	}
}
