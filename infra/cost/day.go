package cost

import (
	"context"
	"math/big"
	"time"

	"waymark/infra/cost/bill"
	"waymark/infra/cost/traffic"
)

// day plays a day, or its first part, at the pace of the profile, and fires the template's schedules in between.
type day struct {
	system    *system
	bag       *mailbag
	end       time.Time
	ingest    bill.Ledger  // what requests and messages cause
	scheduled bill.Ledger  // what the frequent schedules cause
	rare      []bill.Usage // what the others cause, as far as it falls on this part of a day
}

// newDay is a day of a profile. A profile without a busy moment has its batches from the day, as they arrive; of the
// others the day is only there for the schedules, which find it delivered in batches as full as they can be.
func newDay(s *system, p traffic.Profile, end time.Time) *day {
	d := &day{system: s, bag: newMailbag(s, p), end: end}
	d.bag.isTimed = p.BusyPerSecond == 0
	return d
}

func (d *day) play(ctx context.Context, requests []traffic.Request) error {
	s := d.system
	s.meter.Charge(&d.ingest)
	firings := s.plan.frequent
	for i, r := range requests {
		for len(firings) > 0 && !firings[0].due.After(r.At) {
			if err := d.fire(ctx, firings[0]); err != nil {
				return err
			}
			firings = firings[1:]
		}
		if err := d.bag.send(ctx, r); err != nil {
			return err
		}
		s.tell("the day", i, len(requests))
	}
	for len(firings) > 0 && !firings[0].due.After(d.end) {
		if err := d.fire(ctx, firings[0]); err != nil {
			return err
		}
		firings = firings[1:]
	}
	if err := d.bag.flush(ctx); err != nil { // what was sent again just after the end
		return err
	}
	return d.fireRare(ctx)
}

// fire delivers what waits, for it has arrived, and fires a schedule.
func (d *day) fire(ctx context.Context, f firing) error {
	if err := d.bag.flush(ctx); err != nil {
		return err
	}
	d.system.meter.Charge(&d.scheduled)
	defer d.system.meter.Charge(&d.ingest)
	return d.system.fire(ctx, f)
}

// fireRare fires each schedule that has at most one firing a day once, for this day, and takes the share of it that
// falls on this part of a day.
func (d *day) fireRare(ctx context.Context) error {
	part := big.NewRat(int64(d.end.Sub(d.system.day)), int64(dayLength))
	for _, f := range d.system.plan.rare {
		var ledger bill.Ledger
		d.system.meter.Charge(&ledger)
		if err := d.system.fire(ctx, f); err != nil {
			return err
		}
		d.rare = append(d.rare, ledger.Usage().Times(new(big.Rat).Mul(f.perDay, part)))
	}
	return nil
}
