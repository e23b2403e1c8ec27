package cost

import (
	"context"
	"errors"
	"fmt"
	"math/big"

	"waymark/infra/cost/bill"
)

// What AWS does for a function that is fed by a queue with nothing in it: five pollers ask, and each waits as long
// as SQS lets it.
const (
	idlePollers         = 5
	idleReceivesPerHour = 180 // of one poller: one each 20 seconds
)

// measureIdle fires each schedule on a system without data and adds what AWS's pollers ask in vain, for a month.
func (c Config) measureIdle(ctx context.Context, data string) (usage bill.Usage, err error) {
	s, err := c.start(ctx, idleName, data)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", idleName, err)
	}
	defer func() { err = errors.Join(err, s.close()) }()
	usage = bill.Usage{}
	for _, counts := range []bool{false, true} { // the first firing may find a function that has just started
		for _, f := range s.plan.each() {
			var ledger bill.Ledger
			s.meter.Charge(&ledger)
			if err := s.fire(ctx, f); err != nil {
				return nil, err
			}
			if counts {
				usage = usage.Plus(ledger.Usage().Times(new(big.Rat).Mul(f.perDay, big.NewRat(daysInMonth, 1))))
			}
		}
	}
	return usage.Plus(polling(len(s.meter.Sources()))), nil
}

// polling is what AWS's pollers of so many queues ask in vain in a month.
func polling(queues int) bill.Usage {
	receives := int64(queues) * idlePollers * idleReceivesPerHour * 24 * daysInMonth
	return bill.Usage{bill.Line{Function: pollers, Kind: bill.SQSReceive}: big.NewRat(receives, 1)}
}

// pollers is the name under which reports have what AWS's pollers ask in vain.
const pollers = "pollers"
