// Package bundle collects what a colleague needs to understand how an operation went, in one file without secrets.
//
// # Use
//
// To give a colleague one file after a run that failed: see the Example.
//
//	events := bundle.NewRecorder()
//	in, err := integrate.New(integrate.Config{Spec: s, World: w.World, Observer: events.Observe})
//	plan, err := in.Plan(ctx, integrate.PlanOptions{})
//	result, err := in.Apply(ctx, plan, integrate.ApplyOptions{})
//	err = bundle.Write(ctx, "bundle.tar.gz", bundle.Contents{Spec: s, World: w.World, Secrets: w.Known(),
//		Plan: plan, Result: result, Err: err, Events: events}, bundle.Options{})
//
// A bundle has the plan, the result or the report, the events with their times, the findings, the versions, the Spec,
// and the last lines of the logs of the services of the hosts where something went wrong. Its README.txt says what each
// file is.
//
// # Secrets
//
// All that a bundle has goes through one Scrubber. It takes out
//   - the secrets that the program knows: the keys of the Spec's users in Ceph, those of Contents.Secrets, and those of
//     World.Cloud;
//   - the values of secret options, such as transport_url, in the configuration of the services. They are read on each
//     host in the exchange that reads its logs, with what they refer to, such as $name. Where they cannot be read,
//     or are more than a host should have, no log of the host is taken;
//   - what looks like a secret: keys of CephX, passwords of URLs, values of what is called a password, a key, a token
//     or a secret, headers of logins, tokens, private keys and digests of passwords.
//
// A password that was changed may be in older lines of a log. It is then found by its form alone. Read a bundle before
// you give it to somebody whom you would not show the logs.
//
// # Errors
//
// A host or a cluster that does not answer is told in the bundle, and is no error. The error of Write is about the
// file. If the file is there already, the error wraps fs.ErrExist.
//
// # Concurrency and cancellation
//
// A Recorder may be used by several goroutines. If ctx has ended, hosts and clusters are not asked any more, and the
// bundle is written without what they would tell.
//
// # Testing
//
// A World of integratetest is asked like a real one. Give its hosts handlers of journalctl and tail.
package bundle
