package lambda

import (
	"context"
	"errors"
	"time"

	"waymark/infra/local/faults"
)

// ErrThrottled marks an invocation that a fault refused, as Lambda does beyond the concurrency of an account.
var ErrThrottled = errors.New("TooManyRequestsException: Rate Exceeded")

const (
	// seenMost is how many durations are kept.
	seenMost = 64
	// firstGuess stands for the duration of a function that has not ended well yet.
	firstGuess = 20 * time.Millisecond
)

// holdUp refuses an invocation or lets it wait, as its luck is.
func (f *Function) holdUp(ctx context.Context, luck faults.Luck) error {
	if luck.Has(faults.Throttle) {
		f.config.Faults.Happened(faults.Throttle)
		return ErrThrottled
	}
	if !luck.Has(faults.Delay) {
		return nil
	}
	f.config.Faults.Happened(faults.Delay)
	timer := time.NewTimer(time.Duration(luck.Chance.Float64() * float64(faults.LongestDelay)))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// crashAfter chooses when the process is killed: at any point of the time that one of the last invocations took, so that
// kills land everywhere in it. It is negative if the process is spared.
func (f *Function) crashAfter(luck faults.Luck) time.Duration {
	if !luck.Has(faults.Crash) {
		return -1
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	whole := firstGuess
	if len(f.seen) > 0 {
		whole = f.seen[luck.Chance.IntN(len(f.seen))]
	}
	return time.Duration(luck.Chance.Float64() * float64(whole))
}

// note remembers how long an invocation took, and counts a crash.
func (f *Function) note(answer Answer) {
	if answer.Crashed {
		f.config.Faults.Happened(faults.Crash)
	}
	if answer.Survived {
		f.config.Faults.Happened(faults.LateCrash)
	}
	if answer.Failed {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.seen) < seenMost {
		f.seen = append(f.seen, answer.Duration)
	} else {
		f.seen[f.ended%seenMost] = answer.Duration
	}
	f.ended++
}

// crash kills the process in the middle of an invocation. An answer that was there before counts: then the kill was too late.
func (w *worker) crash(inv *invocation) Answer {
	w.process.Kill()
	select {
	case answer := <-inv.answer:
		answer.Survived = true
		return answer
	default:
	}
	answer := w.exited(inv)
	answer.Crashed = true
	return answer
}

// crashedLate kills a process that answered before its time was up. Lambda, too, may end a process behind any answer: what it
// has not done by then is never done.
func (w *worker) crashedLate(answer Answer) Answer {
	w.process.Kill()
	answer.Survived = true
	return answer
}
