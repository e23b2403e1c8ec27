package poller

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"waymark/infra/local/faults"
)

// asideWait is how long messages that a fault holds back wait for others to come before them, at most.
const asideWait = time.Second

// idle is how long to wait for a first message.
func idle(aside []types.Message) time.Duration {
	if len(aside) > 0 {
		return asideWait
	}
	return idleWait
}

// luck is that of a batch; nothing can happen to none.
func (p *Poller) luck(batch []types.Message) faults.Luck {
	if len(batch) == 0 {
		return faults.Luck{}
	}
	return p.config.Faults.Next()
}

// reorder mixes a batch and holds some of it back, at least one message. The first old messages were held already and are
// not held again, so that nothing waits for ever.
func (p *Poller) reorder(batch []types.Message, old int, luck faults.Luck) (now, back []types.Message) {
	if !luck.Has(faults.Reorder) {
		return batch, nil
	}
	p.config.Faults.Happened(faults.Reorder)
	old = min(old, len(batch))
	now, fresh := slices.Clone(batch[:old]), slices.Clone(batch[old:])
	shuffle := func(list []types.Message) {
		luck.Chance.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	}
	shuffle(fresh)
	if len(fresh) > 0 {
		count := 1 + luck.Chance.IntN(len(fresh))
		back, now = fresh[:count], append(now, fresh[count:]...)
	}
	shuffle(now)
	return now, back
}

// deliver hands a batch to the function, or to two invocations at the same time: SQS delivers at least once.
func (p *Poller) deliver(ctx context.Context, batch []types.Message, luck faults.Luck) {
	var group sync.WaitGroup
	if luck.Has(faults.Duplicate) {
		p.config.Faults.Happened(faults.Duplicate)
		group.Go(func() { p.handle(ctx, batch, luck.Has(faults.DropAck)) })
	}
	p.handle(ctx, batch, luck.Has(faults.DropAck))
	group.Wait()
}
