// Package schema has a JSON Schema (2020-12) for each JSON output: of a Plan, a Result and a Report of package
// integrate, and of what the program cephstack prints with --output json.
//
// # Use
//
// To read what a program with --output json printed, in any language: see the Example.
//
// A program checks what it read with the schema, or its editor completes by it:
//
//	Plan       integrate.Plan; cephstack plan
//	Result     integrate.Result; cephstack apply
//	Converge   a Line for each part, and a Last; cephstack converge
//	Report     integrate.Report; cephstack verify
//	Drift      drift.Report; cephstack drift
//	Audit      audit.Report; cephstack audit
//	Rotation   rotate.Report; cephstack rotate
//	Trust      HostKeys; cephstack trust
//	Rights     OperatorRights; cephstack rights
//
// Line, Last, HostKeys and OperatorRights are the outputs that have no type in package integrate. encoding/json writes
// and reads them.
//
// cephstack converge --output json prints a Line for each part as it ends, and a Last for the whole:
//
//	{"stage":…,"target":…,"format":1,"outcomes":[…],"findings":[…],"error":…}
//	{"format":1,"summary":{"parts":3,"failed":[TARGET,…],"left_alone":0,"changes":{"applied":19,…}}}
//
// # What may change
//
// Each output, and each line of converge, has a field format: the version of the form, a number, which is 1. As long as
// the number stays the same,
//
//   - a field is not removed, is not renamed, and keeps its meaning, its type and its unit;
//   - a field that is required stays required;
//   - a field that lists its values in the schema (stage, action, status, state) gets no other ones;
//   - new fields may come, anywhere. So readers have to accept fields that they do not know, and the schemas do;
//   - new kinds of changes, IDs of checks, codes and causes of findings may come. Those that there are keep their
//     meaning;
//   - texts for people may become others: name, reason, why, message, evidence, next and error.
//
// What breaks one of these promises raises the number. A plan is read by ParsePlan of the same version: see the section
// on stored plans in the documentation of integrate.
//
// # Errors
//
// No function fails.
//
// # Concurrency and cancellation
//
// All functions may be called at the same time, and what they return belongs to the caller.
//
// # Testing
//
// The schemas are written by
//
//	go test ./integrate/schema -update
//
// from the types and their comments. It refuses to take a field away. The tests validate golden files, random clouds
// and the output of each command with them.
package schema
