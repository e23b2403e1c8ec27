package faults_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"waymark/infra/local/faults"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{"", "off"},
		{"off", "off"},
		{" crash=5% , reorder=0.2", "crash=5%,reorder=20%"},
		{"drop-ack=100%,throttle=0%,seed=7", "seed=7,throttle=0%,drop-ack=100%"},
		{"Process.crash=20%,crash=1,Collect.delay=0.125", "crash=100%,Collect.delay=12.5%,Process.crash=20%"},
		{"seed=18446744073709551615,duplicate=1", "seed=18446744073709551615,duplicate=100%"},
	} {
		plan, err := faults.Parse(c.text)
		if err != nil || plan.String() != c.want {
			t.Errorf("Parse(%q) = %s, %v, want %s", c.text, plan, err, c.want)
		}
		again, err := faults.Parse(c.want)
		if err != nil || again.String() != c.want {
			t.Errorf("Parse(%q) = %s, %v, want the same", c.want, again, err)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	const help = "; write for example seed=1,crash=5%,Process.crash=20%: there are crash, delay, throttle, duplicate, reorder, drop-ack (each from 0% to 100%) and seed (a whole number), or off"
	for _, c := range []struct{ text, want string }{
		{"explode=5%", `there is no fault "explode"`},
		{"crash", `crash: "" is no rate from 0% to 100%`},
		{"crash=101%", `crash: "101%" is no rate from 0% to 100%`},
		{"crash=-1%", `crash: "-1%" is no rate from 0% to 100%`},
		{"crash=NaN", `crash: "NaN" is no rate from 0% to 100%`},
		{"crash=5", `crash: "5" is no rate from 0% to 100%`},
		{"crash=5%,crash=6%", `crash stands there twice`},
		{"seed=x,Process.explode=1,delay=2", `seed "x" is no whole number; there is no fault "explode"; delay: "2" is no rate from 0% to 100%`},
		{",", `there is no fault "";  stands there twice; there is no fault ""`},
	} {
		_, err := faults.Parse(c.text)
		if err == nil || err.Error() != c.want+help {
			t.Errorf("Parse(%q) = %v, want %s", c.text, err, c.want)
		}
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	functions := []string{"Collect", "Process"}
	if err := plan(t, "crash=1%,Process.crash=5%").Check(functions); err != nil {
		t.Errorf("Check = %v, want nothing", err)
	}
	err := plan(t, "Proces.crash=5%").Check(functions)
	if want := "there is no function Proces, only Collect, Process"; err == nil || err.Error() != want {
		t.Errorf("Check = %v, want %s", err, want)
	}
}

func plan(t *testing.T, text string) faults.Plan {
	t.Helper()
	plan, err := faults.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// lucks writes what happens to the next invocations: a letter for each kind that strikes, and a number from the details.
func lucks(s *faults.Stream, n int) string {
	var all strings.Builder
	for range n {
		luck := s.Next()
		for _, kind := range []faults.Kind{faults.Crash, faults.Delay, faults.Throttle, faults.Duplicate, faults.Reorder, faults.DropAck} {
			if luck.Has(kind) {
				all.WriteString(string(kind)[:2])
			}
		}
		all.WriteString(string(rune('0'+luck.Chance.IntN(10))) + " ")
	}
	return all.String()
}

// TestSeed says the same as before for the same seed, whatever other functions do in between.
func TestSeed(t *testing.T) {
	t.Parallel()
	const text = "seed=1,crash=30%,duplicate=40%,reorder=50%"
	alone := lucks(faults.New(plan(t, text)).For("Process", "invocation"), 200)
	busy := faults.New(plan(t, text))
	var among strings.Builder
	for range 200 {
		lucks(busy.For("Collect", "invocation"), 3)
		lucks(busy.For("Process", "batch"), 1)
		among.WriteString(lucks(busy.For("Process", "invocation"), 1))
	}
	if among.String() != alone {
		t.Errorf("luck among others:\n%s\nwant as alone:\n%s", among.String(), alone)
	}
	for name, other := range map[string]*faults.Stream{
		"another seed":     faults.New(plan(t, strings.Replace(text, "seed=1", "seed=2", 1))).For("Process", "invocation"),
		"another function": faults.New(plan(t, text)).For("Collect", "invocation"),
		"another respect":  faults.New(plan(t, text)).For("Process", "batch"),
	} {
		if lucks(other, 200) == alone {
			t.Errorf("%s has the same luck", name)
		}
	}
}

// TestRates counts: none at 0 %, each at 100 %, and about as many as were asked for in between.
func TestRates(t *testing.T) {
	t.Parallel()
	stream := faults.New(plan(t, "seed=3,crash=100%,delay=0%,throttle=25%,Other.reorder=100%,Process.duplicate=50%,duplicate=0%")).For("Process", "x")
	got := map[faults.Kind]int{}
	const n = 10_000
	for range n {
		luck := stream.Next()
		for _, kind := range []faults.Kind{faults.Crash, faults.Delay, faults.Throttle, faults.Duplicate, faults.Reorder, faults.DropAck} {
			if luck.Has(kind) {
				got[kind]++
			}
		}
	}
	for _, c := range []struct {
		kind        faults.Kind
		least, most int
	}{
		{faults.Crash, n, n},
		{faults.Delay, 0, 0},
		{faults.Throttle, 2300, 2700},
		{faults.Duplicate, 4800, 5200},
		{faults.Reorder, 0, 0},
		{faults.DropAck, 0, 0},
	} {
		if got[c.kind] < c.least || got[c.kind] > c.most {
			t.Errorf("%s strikes %d of %d times, want %d to %d", c.kind, got[c.kind], n, c.least, c.most)
		}
	}
}

func TestSet(t *testing.T) {
	t.Parallel()
	const text = "seed=1,crash=50%"
	whole := lucks(faults.New(plan(t, text)).For("Process", "x"), 40)
	switches := faults.New(plan(t, text))
	stream := switches.For("Process", "x")
	first := lucks(stream, 10)
	switches.Set(plan(t, "off"))
	if got := lucks(stream, 10); strings.Contains(got, "cr") {
		t.Errorf("luck while off = %s, want no crash", got)
	}
	switches.Set(plan(t, "crash=50%"))
	// Each word of whole is one invocation's; the ten of the pause are passed over.
	words := strings.Fields(whole)
	if got, want := strings.Fields(lucks(stream, 20)), words[20:]; !reflect.DeepEqual(got, want) || !reflect.DeepEqual(strings.Fields(first), words[:10]) {
		t.Errorf("luck after the pause = %v, want %v", got, want)
	}
	switches.Set(plan(t, text))
	if got := lucks(stream, 40); got != whole {
		t.Errorf("luck after naming the seed again = %s, want %s", got, whole)
	}
}

func TestReport(t *testing.T) {
	t.Parallel()
	switches := faults.New(plan(t, "seed=5,crash=50%"))
	if got := switches.Report(); got.String() != "" {
		t.Errorf("report of a new system = %s, want nothing", got)
	}
	switches.For("Process", "invocation").Happened(faults.Crash)
	switches.For("Process", "batch").Happened(faults.DropAck)
	switches.For("Process", "invocation").Happened(faults.Crash)
	switches.For("Collect", "invocation").Happened(faults.Delay)
	got := switches.Report()
	want := faults.Report{Seed: 5, Faults: "seed=5,crash=50%", Counts: map[string]map[faults.Kind]int{"Process": {faults.Crash: 2, faults.DropAck: 1}, "Collect": {faults.Delay: 1}}}
	if !reflect.DeepEqual(got, want) || got.String() != "Collect: 1 delay · Process: 2 crash, 1 drop-ack" {
		t.Errorf("report = %+v, %s, want %+v", got, got, want)
	}
	switches.Set(plan(t, "off"))
	if got := switches.Report(); got.Seed != 5 || got.Faults != faults.Off || len(got.Counts) != 2 {
		t.Errorf("report while off = %+v, want seed and counts as before", got)
	}
	unseeded := faults.New(plan(t, "crash=50%")).Report()
	if want := fmt.Sprintf("seed=%d,crash=50%%", unseeded.Seed); unseeded.Faults != want {
		t.Errorf("report without a chosen seed = %+v, want %s", unseeded, want)
	}
	var none *faults.Stream
	if none.Next().Has(faults.Crash) {
		t.Error("no stream has bad luck")
	}
}
