package main

import (
	"context"
	"time"
)

// testRotate gives the services and guests of an integrated cloud new keys while guests write.
func (l *lab) testRotate(ctx context.Context, r *report) error {
	if err := l.run(ctx, "reset"); err != nil {
		return err
	}
	in, world, err := l.open(ctx)
	if err != nil {
		return err
	}
	defer world.Close()
	if err := l.integrated(ctx, r, in, world.Cloud); err != nil {
		return err
	}
	var ws *witnesses
	return l.stages(ctx, r,
		stage{"guests write to their disks", func(ctx context.Context) (string, error) {
			ws, err = l.startWitnesses(ctx, world.Cloud, "compute1", "compute2")
			if err != nil {
				return "", err
			}
			return ws.judge(ctx, time.Minute, func(*witness) bool { return false })
		}},
	)
}
