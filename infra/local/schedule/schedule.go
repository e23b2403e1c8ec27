// Package schedule is the local stand-in for EventBridge Scheduler: it invokes functions when their schedules are due, on a
// clock that can be set. Moving the clock forward fires everything that was due in between, once per due time and in order.
//
// Rates below a minute are the laptop's own, for what a person waits for. They fire beside the others, never twice at a time, and what comes due
// while one runs is left out; moving the clock fires them with the others that were due, and once at the end.
//
//	s := schedule.New(schedules, invoke, time.Now, log)
//	go s.Run(ctx)
//	fired, err := s.Advance(ctx, 24*time.Hour)
package schedule

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"
)

// Schedule is one schedule with its target.
type Schedule struct {
	ID         string // logical id in the template
	Name       string
	Function   string
	Expression Expression
	Text       string // the expression as written
	Input      string
}

// Fired tells of one invocation by a schedule.
type Fired struct {
	Schedule      string    `json:"schedule"`
	Function      string    `json:"function"`
	ScheduledTime time.Time `json:"scheduled_time"`
	Error         string    `json:"error,omitempty"`
}

// Invoke runs a function; an error or a failure of the function is an error.
type Invoke func(ctx context.Context, function string, event []byte) error

// Scheduler fires schedules.
type Scheduler struct {
	schedules []Schedule
	invoke    Invoke
	real      func() time.Time
	log       io.Writer
	changed   chan struct{} // the clock was set: Run looks again

	mu     sync.Mutex
	offset time.Duration // our clock minus the real one
	done   time.Time     // everything due up to here has been fired or skipped
	firing sync.Mutex    // one catch-up at a time

	rapid map[string]*sync.Mutex // by id: one firing at a time of those
}

// New returns a scheduler; what was due before now is not fired.
func New(schedules []Schedule, invoke Invoke, now func() time.Time, log io.Writer) *Scheduler {
	rapid := map[string]*sync.Mutex{}
	for _, schedule := range schedules {
		rapid[schedule.ID] = &sync.Mutex{}
	}
	return &Scheduler{schedules: schedules, invoke: invoke, real: now, log: log, changed: make(chan struct{}, 1), done: now(), rapid: rapid}
}

// Now is the time on the scheduler's clock.
func (s *Scheduler) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now()
}

func (s *Scheduler) now() time.Time { return s.real().Add(s.offset).UTC() }

// Offset is how far the clock is set off from the real one.
func (s *Scheduler) Offset() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.offset
}

// Resume sets the clock of a new scheduler to that of an earlier one, without firing anything.
func (s *Scheduler) Resume(offset time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.offset, s.done = offset, s.real().Add(offset)
}

// Schedules lists the schedules.
func (s *Scheduler) Schedules() []Schedule { return slices.Clone(s.schedules) }

// Run fires schedules as they become due, until the context ends.
func (s *Scheduler) Run(ctx context.Context) {
	var group sync.WaitGroup
	defer group.Wait()
	for _, schedule := range s.schedules {
		if schedule.Expression.isRapid() {
			group.Go(func() { s.runRapid(ctx, schedule) })
		}
	}
	for {
		wait := time.Hour
		if next, found := s.earliest(s.doneUntil()); found {
			wait = min(wait, next.Sub(s.Now()))
		}
		timer := time.NewTimer(max(wait, 0))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-s.changed:
			timer.Stop()
		case <-timer.C:
			for _, fired := range s.catchUp(ctx, false) {
				s.tell(fired)
			}
		}
	}
}

// tell logs what went wrong.
func (s *Scheduler) tell(fired Fired) {
	if fired.Error != "" {
		fmt.Fprintf(s.log, "schedule %s of %s: %s\n", fired.Schedule, fired.ScheduledTime.Format(time.RFC3339), fired.Error)
	}
}

// runRapid fires one schedule of a rate below a minute. The same error is told once, not every second.
func (s *Scheduler) runRapid(ctx context.Context, schedule Schedule) {
	told := ""
	for {
		now := s.Now()
		due, _ := schedule.Expression.Next(now)
		timer := time.NewTimer(due.Sub(now))
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
		fired := s.fire(ctx, schedule, due)
		if fired.Error != told && ctx.Err() == nil {
			told = fired.Error
			s.tell(fired)
		}
	}
}

func (s *Scheduler) doneUntil() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.done
}

// earliest is when the next schedule is due, those of rapid rates apart.
func (s *Scheduler) earliest(after time.Time) (time.Time, bool) {
	var earliest time.Time
	for _, schedule := range s.schedules {
		if due, is := schedule.Expression.Next(after); is && !schedule.Expression.isRapid() && (earliest.IsZero() || due.Before(earliest)) {
			earliest = due
		}
	}
	return earliest, !earliest.IsZero()
}

// Set puts the clock to an instant and fires what became due. Backwards nothing fires, and due times come again.
func (s *Scheduler) Set(ctx context.Context, now time.Time) []Fired {
	s.mu.Lock()
	back := now.Before(s.now())
	s.offset = now.Sub(s.real())
	if back {
		s.done = now
	}
	s.mu.Unlock()
	fired := s.catchUp(ctx, true)
	select {
	case s.changed <- struct{}{}:
	default:
	}
	return fired
}

// Advance moves the clock forward and fires what became due.
func (s *Scheduler) Advance(ctx context.Context, d time.Duration) []Fired {
	return s.Set(ctx, s.Now().Add(d))
}

// catchUp fires everything due since the last time, in order of due time, then of the template; rapid rates as well if they are wanted.
func (s *Scheduler) catchUp(ctx context.Context, rapid bool) []Fired {
	s.firing.Lock()
	defer s.firing.Unlock()
	s.mu.Lock()
	from, to := s.done, s.now()
	if to.After(from) {
		s.done = to
	}
	s.mu.Unlock()
	fired, latest := []Fired{}, map[string]time.Time{}
	for due, found := s.earliest(from); found && !due.After(to) && ctx.Err() == nil; due, found = s.earliest(due) {
		for _, schedule := range s.schedules {
			if next, is := schedule.Expression.Next(due.Add(-time.Nanosecond)); is && next.Equal(due) && (rapid || !schedule.Expression.isRapid()) {
				fired = append(fired, s.fire(ctx, schedule, due))
				latest[schedule.ID] = due
			}
		}
	}
	for _, schedule := range s.schedules {
		if !rapid || !schedule.Expression.isRapid() || ctx.Err() != nil {
			continue
		}
		if last := schedule.Expression.last(to); last.After(from) && !last.Equal(latest[schedule.ID]) {
			fired = append(fired, s.fire(ctx, schedule, last))
		}
	}
	return fired
}

// Fire fires one schedule now, by logical id or name. It does not count for its due times.
func (s *Scheduler) Fire(ctx context.Context, name string) (Fired, bool) {
	for _, schedule := range s.schedules {
		if schedule.ID == name || schedule.Name == name {
			return s.fire(ctx, schedule, s.Now().Truncate(time.Second)), true
		}
	}
	return Fired{}, false
}

func (s *Scheduler) fire(ctx context.Context, schedule Schedule, due time.Time) Fired {
	if schedule.Expression.isRapid() {
		lock := s.rapid[schedule.ID]
		lock.Lock()
		defer lock.Unlock()
	}
	fired := Fired{Schedule: schedule.Name, Function: schedule.Function, ScheduledTime: due}
	if err := s.invoke(ctx, schedule.Function, schedule.Event(due)); err != nil {
		fired.Error = err.Error()
	}
	return fired
}

// Event is what the schedule sends at a due time: its input with EventBridge Scheduler's context attributes filled in.
func (schedule Schedule) Event(due time.Time) []byte {
	return []byte(strings.NewReplacer(
		"<aws.scheduler.scheduled-time>", due.UTC().Format("2006-01-02T15:04:05Z"),
		"<aws.scheduler.schedule-arn>", "arn:aws:scheduler:us-east-1:000000000000:schedule/default/"+schedule.Name,
		"<aws.scheduler.execution-id>", rand.Text(),
		"<aws.scheduler.attempt-number>", "1",
	).Replace(schedule.Input))
}
