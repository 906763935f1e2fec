// Command manpages writes the manual pages of the program cephstack into a folder:
//
//	SOURCE_DATE_EPOCH=$(git log -1 --format=%ct) go run ./examples/internal/manpages DIR
//
// The pages are the help of the program. Their date is SOURCE_DATE_EPOCH, in seconds since 1970, so that the same
// source gives the same pages.
package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"github.com/cephstack/cephstack/examples/internal/cli"
)

func main() {
	if err := run(os.Args[1:], os.Getenv("SOURCE_DATE_EPOCH")); err != nil {
		fmt.Fprintln(os.Stderr, "manpages:", err)
		os.Exit(1)
	}
}

// run writes the pages. epoch is their date.
func run(args []string, epoch string) error {
	if len(args) != 1 {
		return errors.New("usage: manpages DIR")
	}
	seconds, err := strconv.ParseInt(epoch, 10, 64)
	if err != nil {
		return fmt.Errorf("SOURCE_DATE_EPOCH is the date of the pages, in seconds since 1970: %w", err)
	}
	if err := os.MkdirAll(args[0], 0o755); err != nil {
		return err
	}
	date := time.Unix(seconds, 0).UTC()
	root := cli.Commands()
	topics(root)
	return doc.GenManTreeFromOpts(root, doc.GenManTreeOptions{Path: args[0], CommandSeparator: "-",
		Header: &doc.GenManHeader{Section: "1", Date: &date, Source: "cephstack", Manual: "cephstack manual"}})
}

// topics makes the topics of the help sections of the first page.
func topics(root *cobra.Command) {
	root.DisableAutoGenTag = true
	var b strings.Builder
	b.WriteString(root.Long)
	for _, c := range root.Commands() {
		c.DisableAutoGenTag = true
		if c.IsAdditionalHelpTopicCommand() {
			fmt.Fprintf(&b, "\n\n# %s\n%s", strings.ToUpper(strings.ReplaceAll(c.Name(), "-", " ")), c.Long)
		}
	}
	root.Long = b.String()
}
