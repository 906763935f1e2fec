package proof

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// migration moves the second guest, which writes to its volume, to another
// compute while it runs.
func (j *journey) migration(ctx context.Context) {
	if len(j.guests) < 2 {
		return
	}
	writes := len(j.Site.Cinder) > 0
	l := j.leg(checkMigration, "look at nova-compute's and libvirtd's logs on both computes")
	j.step(ctx, l, func(ctx context.Context) (string, error) {
		g, to := j.guests[1], j.Options.Pick.MoveTo
		if to == "" {
			return "", unable("no other compute is in the zone of %s and has a QEMU that is as new", g.compute)
		}
		console, err := j.cloud.Console(ctx, g.server.ID, 0)
		if err != nil {
			return "", err
		}
		before := lastBeat(console)
		began := time.Now()
		if err := j.cloud.LiveMigrate(ctx, g.server.ID, to); err != nil {
			return "", err
		}
		took := time.Since(began)
		after := 0.0
		err = j.await(ctx, g.server.ID, "beat", func(console string) bool {
			after = lastBeat(console)
			return after > before && !strings.Contains(console, "CEPHSTACK ready") || after > before+took.Seconds()
		})
		if err != nil {
			return "", err
		}
		evidence := fmt.Sprintf("%s -> %s in %.0f s; the guest's uptime went on from %.0f s to %.0f s", g.compute, to,
			took.Seconds(), before, after)
		if writes {
			n, err := j.ticks(ctx, 1)
			if err == nil {
				n, err = j.ticks(ctx, n+1)
			}
			if err != nil {
				return "", err
			}
			evidence += fmt.Sprintf("; its writes to the volume too (line %d)", n)
		}
		return evidence, nil
	})
}
