package lambda_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"waymark/infra/local/faults"
	"waymark/infra/local/lambda"
)

// faulty is a probe with faults that the test can change.
func faulty(t *testing.T, plan string) (*lambda.Function, *faults.Switches) {
	t.Helper()
	switches := faults.New(parse(t, plan))
	f, _ := newProbe(t, func(config *lambda.Config) { config.Faults = switches.For("Probe", "invocation") })
	return f, switches
}

func parse(t *testing.T, text string) faults.Plan {
	t.Helper()
	plan, err := faults.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

func counts(s *faults.Switches) map[faults.Kind]int { return s.Report().Counts["Probe"] }

func TestCrash(t *testing.T) {
	t.Parallel()
	f, switches := faulty(t, "seed=1,crash=0%")
	first := string(invoke(t, f, `{"do":"pid"}`).Payload)
	switches.Set(parse(t, "crash=100%"))
	for range 3 {
		answer := invoke(t, f, `{"do":"hang"}`)
		want := fmt.Sprintf(`{"errorType":"Runtime.ExitError","errorMessage":"RequestId: %s Error: Runtime exited with error: signal: killed"}`, answer.RequestID)
		if !answer.Failed || !answer.Crashed || answer.TimedOut || string(answer.Payload) != want {
			t.Errorf("Invoke = %+v (%s), want a crash: %s", answer, answer.Payload, want)
		}
		if pids := f.PIDs(); len(pids) != 0 {
			t.Errorf("PIDs() after a crash = %v, want none", pids)
		}
	}
	switches.Set(parse(t, "off"))
	if got := invoke(t, f, `{"do":"pid"}`); got.Failed || string(got.Payload) == first {
		t.Errorf("process after crashes = %s, failed %v, want another than %s", got.Payload, got.Failed, first)
	}
	if got, want := counts(switches), map[faults.Kind]int{faults.Crash: 3}; !reflect.DeepEqual(got, want) {
		t.Errorf("counts = %v, want %v", got, want)
	}
}

// TestCrashTime kills at the time that chance says, not sooner: anywhere within the 20 ms that are guessed before an invocation ended.
func TestCrashTime(t *testing.T) {
	t.Parallel()
	const plan = "seed=1,crash=100%"
	f, _ := faulty(t, plan)
	same := faults.New(parse(t, plan)).For("Probe", "invocation")
	early, late := 0, 0
	for i := range 20 {
		share := same.Next().Chance.Float64()
		least := time.Duration(share * float64(20*time.Millisecond))
		if got := invoke(t, f, `{"do":"hang"}`).Duration; got < least {
			t.Errorf("kill %d after %s, want at least %s", i, got, least)
		}
		if share < 0.25 {
			early++
		}
		if share > 0.75 {
			late++
		}
	}
	if early == 0 || late == 0 {
		t.Errorf("of 20 kills %d are in the first quarter and %d in the last, want some in each", early, late)
	}
}

// TestLateCrash is an invocation that ends before its process is to be killed: it keeps its answer, and is not counted as a crash at work.
func TestLateCrash(t *testing.T) {
	t.Parallel()
	f, switches := faulty(t, "seed=1,crash=100%")
	want := map[faults.Kind]int{}
	for i := range 40 {
		answer := invoke(t, f, `{"do":"echo"}`)
		switch {
		case answer.Crashed:
			want[faults.Crash]++
		case answer.Survived && !answer.Failed && string(answer.Payload) == `{"do":"echo"}`:
			want[faults.LateCrash]++
		default:
			t.Errorf("answer %d = %+v (%s), want its echo or a crash", i, answer, answer.Payload)
		}
		if pids := f.PIDs(); len(pids) != 0 {
			t.Errorf("PIDs() after answer %d = %v, want none", i, pids)
		}
	}
	if got := counts(switches); !reflect.DeepEqual(got, want) {
		t.Errorf("counts = %v, want %v", got, want)
	}
}

func TestThrottle(t *testing.T) {
	t.Parallel()
	f, switches := faulty(t, "seed=1,throttle=100%")
	if _, err := f.Invoke(t.Context(), []byte(`{}`)); !errors.Is(err, lambda.ErrThrottled) {
		t.Errorf("Invoke = %v, want %v", err, lambda.ErrThrottled)
	}
	if pids := f.PIDs(); len(pids) != 0 {
		t.Errorf("PIDs() = %v, want none: a throttled invocation reaches no process", pids)
	}
	if got, want := counts(switches), map[faults.Kind]int{faults.Throttle: 1}; !reflect.DeepEqual(got, want) {
		t.Errorf("counts = %v, want %v", got, want)
	}
}

func TestDelay(t *testing.T) {
	t.Parallel()
	const plan = "seed=2,delay=100%"
	f, switches := faulty(t, plan)
	luck := faults.New(parse(t, plan)).For("Probe", "invocation").Next()
	least := time.Duration(luck.Chance.Float64() * float64(faults.LongestDelay))
	start := time.Now()
	invoke(t, f, `{"do":"echo"}`)
	if late := time.Since(start); late < least {
		t.Errorf("answer after %s, want it at least %s late", late, least)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.Invoke(ctx, []byte(`{"do":"echo"}`)); !errors.Is(err, context.Canceled) {
		t.Errorf("Invoke of a caller that left = %v, want %v", err, context.Canceled)
	}
	if got, want := counts(switches), map[faults.Kind]int{faults.Delay: 2}; !reflect.DeepEqual(got, want) {
		t.Errorf("counts = %v, want %v", got, want)
	}
}

// TestSameSeed refuses the same invocations again.
func TestSameSeed(t *testing.T) {
	t.Parallel()
	pattern := func(plan string) string {
		f, _ := faulty(t, plan)
		var refused strings.Builder
		for range 40 {
			_, err := f.Invoke(t.Context(), []byte(`{"do":"echo"}`))
			fmt.Fprint(&refused, errors.Is(err, lambda.ErrThrottled), " ")
		}
		return refused.String()
	}
	one := pattern("seed=1,throttle=50%")
	if again := pattern("seed=1,throttle=50%"); again != one {
		t.Errorf("with the same seed:\n got %s\nwant %s", again, one)
	}
	if two := pattern("seed=2,throttle=50%"); two == one {
		t.Error("another seed refuses the same invocations")
	}
}
