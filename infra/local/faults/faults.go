// Package faults makes the laptop cloud go wrong on purpose, as the real one does now and then: processes die, batches come
// twice or late, acknowledgements are lost. What happens comes from one seed; how often is set when the system starts and can
// be changed while it runs. The package only decides and counts: lambda and poller do what it says.
//
//	plan, err := faults.Parse("seed=1,crash=5%,Process.crash=20%")
//	switches := faults.New(plan)
//	luck := switches.For("Process", "invocation").Next()
//	if luck.Has(faults.Crash) { … }
package faults

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
)

// Kind is one way to go wrong.
type Kind string

// What happens to an invocation (crash, delay, throttle: of every function) or to a batch of queue messages (the others).
const (
	Crash     Kind = "crash"     // the process is killed at a random time within the invocation
	Delay     Kind = "delay"     // the invocation starts up to LongestDelay late
	Throttle  Kind = "throttle"  // the invocation is refused
	Duplicate Kind = "duplicate" // the batch is handed to two invocations at the same time
	Reorder   Kind = "reorder"   // some messages of the batch are held back and come with later ones, in another order
	DropAck   Kind = "drop-ack"  // the function's answer is ignored, as if the poller had died before deleting
)

// LateCrash is what a crash is counted as when the process answered first: it is killed right behind its answer.
const LateCrash Kind = "late-crash"

// kinds is the order in which chance is asked, so that a rate does not change the luck of another kind.
var kinds = []Kind{Crash, Delay, Throttle, Duplicate, Reorder, DropAck}

// Rates say how often each kind happens, from 0 to 1; a kind that is absent never does.
type Rates map[Kind]float64

// Plan says what goes wrong and how often. A function's own rate takes the place of the one for all.
type Plan struct {
	Seed      uint64           // where chance begins; meaningful only if Seeded
	Seeded    bool             // the text named a seed
	All       Rates            // of every function
	Functions map[string]Rates // by a function's logical id
}

// Off is the text of a plan without faults.
const Off = "off"

// Parse reads a plan such as "seed=1,crash=5%,reorder=0.2,Process.crash=20%". The empty text and "off" mean no faults. The
// error names everything that is wrong and lists what there is.
func Parse(text string) (Plan, error) {
	plan := Plan{All: Rates{}, Functions: map[string]Rates{}}
	if text = strings.TrimSpace(text); text == "" || text == Off {
		return plan, nil
	}
	var errs []error
	seen := map[string]bool{}
	for part := range strings.SplitSeq(text, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		if seen[name] {
			errs = append(errs, fmt.Errorf("%s stands there twice", name))
		}
		seen[name] = true
		errs = append(errs, plan.set(name, value))
	}
	if err := errors.Join(errs...); err != nil {
		return Plan{}, fmt.Errorf("%s; write for example seed=1,crash=5%%,Process.crash=20%%: there are %s (each from 0%% to 100%%) and seed (a whole number), or off",
			strings.ReplaceAll(err.Error(), "\n", "; "), kindList())
	}
	return plan, nil
}

func (p *Plan) set(name, value string) error {
	if name == "seed" {
		seed, err := strconv.ParseUint(value, 10, 64)
		if err != nil {
			return fmt.Errorf("seed %q is no whole number", value)
		}
		p.Seed, p.Seeded = seed, true
		return nil
	}
	rates := p.All
	function, kind, own := strings.Cut(name, ".")
	if !own {
		kind = name
	} else if rates = p.Functions[function]; rates == nil {
		rates = Rates{}
		p.Functions[function] = rates
	}
	if !slices.Contains(kinds, Kind(kind)) {
		return fmt.Errorf("there is no fault %q", kind)
	}
	rate, err := parseRate(value)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	rates[Kind(kind)] = rate
	return nil
}

func parseRate(text string) (float64, error) {
	number, percent := strings.CutSuffix(text, "%")
	rate, err := strconv.ParseFloat(number, 64)
	if percent {
		rate /= 100
	}
	if err != nil || !(rate >= 0 && rate <= 1) { // so written, NaN is refused too
		return 0, fmt.Errorf("%q is no rate from 0%% to 100%%", text)
	}
	return rate, nil
}

func kindList() string {
	names := make([]string, len(kinds))
	for i, kind := range kinds {
		names[i] = string(kind)
	}
	return strings.Join(names, ", ")
}

// String is the plan as Parse reads it: the seed, the rates for all, then those of each function.
func (p Plan) String() string {
	var parts []string
	add := func(prefix string, rates Rates) {
		for _, kind := range kinds {
			if rate, is := rates[kind]; is {
				parts = append(parts, fmt.Sprintf("%s%s=%s%%", prefix, kind, strconv.FormatFloat(rate*100, 'g', 6, 64)))
			}
		}
	}
	add("", p.All)
	for _, function := range slices.Sorted(maps.Keys(p.Functions)) {
		add(function+".", p.Functions[function])
	}
	switch {
	case len(parts) == 0:
		return Off
	case p.Seeded:
		parts = slices.Insert(parts, 0, fmt.Sprintf("seed=%d", p.Seed))
	}
	return strings.Join(parts, ",")
}

// Check refuses rates of functions that there are not.
func (p Plan) Check(functions []string) error {
	for _, function := range slices.Sorted(maps.Keys(p.Functions)) {
		if !slices.Contains(functions, function) {
			return fmt.Errorf("there is no function %s, only %s", function, strings.Join(functions, ", "))
		}
	}
	return nil
}

// rate is how often a kind happens to a function.
func (p Plan) rate(function string, kind Kind) float64 {
	if own, is := p.Functions[function][kind]; is {
		return own
	}
	return p.All[kind]
}

// seeded gives a plan without a seed one that nobody chose; the report tells it, so that the run can be repeated.
func (p Plan) seeded() Plan {
	if !p.Seeded {
		p.Seed, p.Seeded = uint64(rand.Uint32()), true
	}
	return p
}
