package cli

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
)

// version is the version of the module, the commit, and the Go that built the program.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{GoVersion: runtime.Version()}
	}
	return versionOf(info)
}

func versionOf(info *debug.BuildInfo) string {
	module := info.Main.Version
	if module == "" || module == "(devel)" {
		module = "without a version"
	}
	is := map[string]string{}
	for _, s := range info.Settings {
		is[s.Key] = s.Value
	}
	var built []string
	if commit := is["vcs.revision"]; commit != "" {
		built = append(built, "commit "+commit)
	}
	if is["vcs.modified"] == "true" {
		built = append(built, "with changes")
	}
	built = append(built, fmt.Sprintf("%s, %s/%s", info.GoVersion, runtime.GOOS, runtime.GOARCH))
	return fmt.Sprintf("cephstack %s (%s)", module, strings.Join(built, ", "))
}
