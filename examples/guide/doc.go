// Package guide has no code of its own. Its pages, *.md, are for people, and its tests run them: every command block is
// executed against a cloud in memory, and what it prints is compared with the page. So a page cannot say what the
// program does not do.
//
// # What a page may have
//
// Each fenced block is one of these. A block that is none of them fails, and so does an indented block:
//
//   - A console: lines `$ command`, each with its output below it. A command goes on in lines that begin with "> ".
//     bash runs it, in an empty folder that the page has for itself. `cephstack` is the program of
//     examples/internal/cli, with the page's cloud behind it. The answer to a question is what follows "[y/N] ".
//     A status other than 0 has to be seen: by some output, or by a following `$ echo $?`.
//   - A file: a second word behind the language, as in "```yaml cloud.yaml", writes the block to that file. Go files
//     are formatted, and go vet compiles them once the page is over (in a page with a module).
//   - A block behind the comment `<!-- not run: WHY -->`. TestWhatIsNotRun lists them all.
//
// In an output, a line "..." or "…" stands for any lines, and "…" in a line for any text. Times, durations, digests,
// UUIDs and the names of probes may have any value (see same); nothing else may. Lines of progress that
// follow each other may come in any order.
//
// Comments, each alone between empty lines, tell the tests what the page has:
//
//	<!-- cloud: fresh -->               a cloud in memory for cloud.yaml, in which nothing is of Ceph
//	<!-- cloud: integrated -->          the same, after an apply of cloud.yaml
//	<!-- cloud: integrated all.yaml --> with the hosts of all.yaml, after an apply of cloud.yaml
//	<!-- world: compute2 is down -->    something happens to it; see happen for all that can
//	<!-- file: all.yaml                 a file that is not shown, up to the end of the comment
//	<!-- module: example.com/tool -->   go.mod of a module of that name, which requires this checkout
//	<!-- needs: jq -->                  programs that the commands use, other than bash and coreutils
//
// The cloud is made where its comment is, of the files that are there by then. cirros.raw, an image that boots, is in
// the folder of each page.
//
// # Writing a page
//
//	go test ./examples/guide -run 'TestPages/first-cloud'            # one page
//	go test ./examples/guide -run 'TestPages/first-cloud' -update    # writes its outputs; read the diff
//	go test ./examples/guide -run 'TestPages/first-cloud' -testwork  # keeps its folder, with the script that it became
//
// Where an output had lines "...", -update keeps as many lines before the first and after the last of them.
package guide
