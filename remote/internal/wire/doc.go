// Package wire is the conversation between remote and the program that it
// runs on a host.
//
// # The program
//
// Program is one constant POSIX sh program; Command puts it into a command
// line that every login shell hands on unharmed. It answers one request after
// the other, until its standard input ends. The first one may come with the
// command line, if it has no data: that saves a round trip. It needs dash or better, and
// GNU coreutils; systemctl, dpkg or rpm, and runuser where an op asks for them.
//
// # Requests
//
// A request begins with the line
//
//	cephstack 2 MARK
//
// where MARK is 32 random hex digits. What follows comes in parts, each with its
// length on a line before it; data that is not a text goes between two parts.
//
// Operations follow: the name on a line,
// then its arguments in the order of Shape: one line for each plain argument;
// for a list its length and then each element as a text (the number of its
// newlines on a line, then its lines); for data its length on a line and then
// the bytes themselves, or, if it is a short text, the number of its newlines behind a t, and its lines. The line "end" ends the request. Operations run as
// they arrive; one that does not arrive whole has no effect.
//
// Before an operation, there may be what it needs: the line "need", a line with
// the indexes of operations of the request, and the length of this one: its
// lines, and the bytes after them. It is passed over if one of those did not end well.
//
// # Answers
//
// Each line of an answer begins with the MARK and a word; what a login script
// printed before the word hello is not part of it.
//
//	MARK hello 2         the program runs
//	MARK op I            operation I (from 0) begins
//	MARK WORD VALUE      a fact about it; see Reply
//	MARK raw WORD END N  bytes as they are follow, some N if that is known, and the line END
//	MARK done I          operation I is over
//	MARK beat            still alive
//	MARK bye             the end
//
// The operation files has a list of paths, with an r before each one that is
// read and an s before each one that is only described. It and dir are about
// several files: the words about the
// i-th have its number behind them (stat0, data0); all has the contents of all
// files at once, one after the other, in place of the data of those that have none.
//
// Facts: stat (mode in hex, size, numeric owner and group, times of content
// and inode in seconds, names of owner and group, between colons), link (base64), sha, changed (0 or 1), show0 and so on (the lines of
// systemctl show), pkgs0 and so on (lines "status name version"), exit (the exit status, or late), errors (base64 of
// standard error, if there was any), err (a class, and base64 of a text if the
// class does not tell all). Raw are data, all, and out (standard output).
package wire
