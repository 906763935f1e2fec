// Package osloconf reads and edits the configuration files of OpenStack's
// services by the grammar of oslo.config, the library that those services read
// them with, and keeps every byte that it was not asked to change.
//
// The grammar is oslo_config/iniparser.py and not that of a general INI
// library; what differs is what breaks services:
//
//   - A line that starts with a space or a tab goes on the value above it, so
//     an indented section header or option is an error or a longer value.
//   - "=" or ":" separates, whichever comes first. Only whole lines are
//     comments; text after a value belongs to the value.
//   - One pair of quotes around a value is dropped.
//   - Section names that differ in case only are one section (except that
//     [default] is not [DEFAULT]). Option names keep their case.
//   - Of lines that set the same option the last one counts, wherever in the
//     file it stands.
//   - For an option that a service calls a-b the file says a_b; a line "a-b"
//     is not read. All functions here take either spelling and mean a_b.
//   - A file that is no UTF-8, starts with a byte order mark, sets an option
//     before the first section, or has a line that is nothing of this, does
//     not load: the service would not start.
//
// # Use
//
// Parse a file, Lookup and Set options, write Bytes back. Setting what is
// already in effect changes nothing, so that a caller may compare bytes to
// learn whether there is something to do. Files gives the effective values of
// several files read in order, such as nova.conf, nova.conf.d/*.conf and
// nova-compute.conf.
//
// Values are text as written. oslo.config replaces $name and ${name} when a
// service reads the option, fails on a name that no option has, and takes $$
// for a literal dollar; Set does not add dollars, because it cannot know which
// one is meant.
//
// # Errors
//
// Every error is an *Error with the line, or the section and the option. Its
// text never holds a value, as a configuration file holds passwords.
//
// # Concurrency and cancellation
//
// A File may be read from several goroutines at the same time, and changed
// from one while nobody reads. Nothing here waits or does I/O.
//
// # Testing
//
// The package is pure and needs no fake. Its own tests run Debian's sample
// files and hostile inputs through python3-oslo.config and compare.
package osloconf
