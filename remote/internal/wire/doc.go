// Package wire is the conversation between remote and the program that it
// runs on a host.
//
// # The program
//
// Program is one constant POSIX sh program; Command puts it into a command
// line that every login shell hands on unharmed. It answers one request after
// the other, until its standard input ends. The first request may come with the
// command line, if it has no data: that saves a round trip. A request with data is for
// a program that has answered before, if only an empty request. The program needs
// dash or better, and GNU coreutils; systemctl, dpkg or rpm, and runuser where an
// operation asks for them.
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
// Operations follow. Each has its name on a line, and then what Shape says, in
// this order:
//
//   - plain arguments, a line each;
//   - a list: its length on a line, and each element as a text, which is the
//     number of its newlines on a line and then its lines;
//   - data: its length on a line, the bytes themselves, and the MARK on a line: what
//     failed to read all of the data can be passed over. Data that is a short
//     text is a t with the number of its newlines, and its lines.
//
// The line "end" ends the request. Operations run as they arrive. An operation
// that does not arrive whole has no effect: the program ends with the status 90 if
// lines are missing, and with 92 if data is.
//
// Before an operation, there may be the operations that it needs: the line
// "need", a line with their indexes in the request, and the length of the
// operation that needs them, which is the number of its lines and, on another
// line, the number of bytes after them. The operation is passed over if an
// operation that it needs did not end well.
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
// The operation files has a list of paths, with an r before each path to read,
// and an s before each path to describe only. The operations files and dir are
// about several files: the words about file i have its number behind them
// (stat0, data0). The word all has the contents of several files, one after the
// other: of those to read that have no data of their own.
//
// These are the facts:
//
//	stat          mode in hex, size, numeric owner and group, times of content and
//	              inode in seconds, names of owner and group, between colons
//	acl           + if there is an access control list, else -
//	link          target of a symlink, in base64
//	real          the folder where the symlink leads, in base64, if only root can change the way
//	sha           digest of what was written
//	changed       0 or 1
//	show0 …       lines of systemctl show: of the unit, then of sysinit.target
//	now           the time of the host's clock, and hundredths of a second since its start
//	run           which run of the unit is there; empty if it does not run
//	note          what the last restart noted of the files that the unit reads, in base64
//	pkgs0 …       lines "status name version"
//	exit          exit status, or late
//	errors        the end of standard error in base64, at most 64 KiB, if there was any
//	err           a class, and base64 of a text if the class does not tell all
//
// Raw are data, all, names, and out, which is standard output.
package wire
