// Package osloconf reads and edits the configuration files of OpenStack's
// services by the grammar of oslo.config, the library that those services read
// them with, and keeps every byte that it was not asked to change.
//
// The grammar is that of oslo_config/iniparser.py. It differs from the grammar of a
// general INI library, and the differences break services:
//
//   - A line that starts with a space or a tab continues the value above it. An
//     indented section header or option makes that value longer, or is an error.
//   - "=" or ":" separates, whichever comes first. Only whole lines are
//     comments; text after a value belongs to the value.
//   - A pair of quotes around a value is dropped.
//   - Upper and lower case do not matter in section names, except that [default] is
//     not [DEFAULT]. They matter in option names.
//   - When several lines set the same option, the last line counts, wherever it is in
//     the file.
//   - An option that a service calls a-b is a_b in the file, and a line "a-b" is not
//     read. All functions here take either spelling and mean a_b.
//   - A file does not load when it is not UTF-8, starts with a byte order mark, sets an
//     option before the first section, or has a line of another form. The service
//     would not start.
//
// # Use
//
// To change options of a service, and keep every other byte: see the Examples.
//
// Parse a file, Lookup and Set options, write Bytes back. Setting what is
// already in effect changes nothing, so that a caller may compare bytes to
// learn whether there is something to do. Files gives what counts of several
// files read in order, such as nova.conf, nova.conf.d/*.conf and
// nova-compute.conf.
//
// The values of File and Files are text as written. When a service reads an option,
// oslo.config replaces $name and ${name}, fails on a name that no option has, and takes
// $$ for a literal dollar. Values are what the service gets. Set does not add dollars,
// because it cannot know whether a dollar is literal.
//
// # Errors
//
// Every error is an *Error with the line, or the section and the option. Its
// text never holds a value, as a configuration file holds passwords.
//
// # Concurrency and cancellation
//
// Several goroutines may read a File at the same time. While a goroutine changes it,
// no other may use it. Nothing here waits or does I/O.
//
// # Testing
//
// The package is pure and needs no fake. Its own tests run Debian's sample
// files and hostile inputs through python3-oslo.config and compare.
package osloconf
