package cli

import (
	"time"

	"github.com/cephstack/cephstack/integrate"
	"github.com/cephstack/cephstack/integrate/htmlreport"
)

// printPlan prints a plan in the format that was asked for.
func (c *command) printPlan(plan *integrate.Plan) error {
	if c.format == formatHTML {
		return htmlreport.Plan(c.Stdout, plan, c.page())
	}
	return c.print(plan, c.text(plan))
}

// printReport prints a report in the format that was asked for.
func (c *command) printReport(report *integrate.Report) error {
	if c.format == formatHTML {
		return htmlreport.Report(c.Stdout, report, c.page())
	}
	return c.print(report, report.String())
}

// page is what a page says besides a plan or a report.
func (c *command) page() htmlreport.Options {
	return htmlreport.Options{Spec: c.spec, Time: time.Now(), Program: version()}
}
