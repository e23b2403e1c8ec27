package funnel_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/funnel"
	"waymark/shared/domain/step"
)

// life reads steps such as "A0 B5 x7 L9": an event and the minute at which it was; L is a lapse, which time alone made.
func life(text string) (rows []step.Row) {
	for i, word := range strings.Fields(text) {
		var minute int
		fmt.Sscanf(word[1:], "%d", &minute)
		r := step.Row{At: event.Millis(minute) * 60_000, ID: event.ID(fmt.Sprint(i)), Type: event.Track, Event: word[:1], Session: 1}
		switch word[0] {
		case 'L':
			r.ID, r.Type, r.Event, r.Session, r.StageBefore, r.Stage = "", "", "", 0, "purchase", "lapsed"
		case 'm':
			r.Session = 0 // a mail that is delivered
		}
		rows = append(rows, r)
	}
	return rows
}

func stepsOf(t *testing.T, text string) (steps []funnel.Step) {
	t.Helper()
	for _, word := range strings.Fields(text) {
		s, err := funnel.ParseStep(word)
		if err != nil {
			t.Fatal(err)
		}
		steps = append(steps, s)
	}
	return steps
}

func exclusions(t *testing.T, text string) (out []funnel.Exclusion) {
	t.Helper()
	for _, word := range strings.Fields(text) {
		name, between, _ := strings.Cut(word, "@")
		e := funnel.Exclusion{Step: stepsOf(t, name)[0]}
		if between != "" {
			fmt.Sscanf(between, "%d-%d", &e.After, &e.Before)
		}
		out = append(out, e)
	}
	return out
}

// written is an outcome as "converted 0 5", with the minutes of the steps that were reached.
func written(rows []step.Row, o funnel.Outcome) string {
	if o.State == funnel.Outside {
		return "outside"
	}
	words := []string{map[funnel.State]string{funnel.Converted: "converted", funnel.Open: "open", funnel.Lost: "lost"}[o.State]}
	for _, at := range o.Reached {
		words = append(words, fmt.Sprint(rows[at].At/60_000))
	}
	for _, s := range o.Optional {
		words = append(words, fmt.Sprintf("+%d", s+1))
	}
	if o.IsExcluded {
		words = append(words, "excluded")
	}
	if o.State == funnel.Open {
		words = append(words, fmt.Sprintf("closes %d", o.Closes/60_000))
	}
	if o.IsDecided {
		words = append(words, "decided")
	}
	return strings.Join(words, " ")
}

// The period is minutes 0 to 99, now is 200, and the window 10 minutes unless something else is said.
func TestOf(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, steps, life, want string
		without                 string
		config                  funnel.Config
		now                     int
	}{
		{name: "nobody", steps: "A B", life: "B0 x1", want: "outside"},
		{name: "in order, whatever lies between", steps: "A B C", life: "A0 x1 C2 B3 x4 C5", want: "converted 0 3 5 decided"},
		{name: "the window's last instant counts", steps: "A B", life: "A0 B10", want: "converted 0 10 decided"},
		{name: "and no later one", steps: "A B", life: "A0 B11", want: "lost 0 decided"},
		{name: "the window is of the last required step, not of each", steps: "A B C", life: "A0 B8 C16", want: "lost 0 8 decided"},
		{name: "a later attempt gets further", steps: "A B C", life: "A0 B5 A20 B25 C30", want: "converted 20 25 30 decided"},
		{name: "of two that get as far the earliest", steps: "A B C", life: "A0 B5 A20 B25", want: "lost 0 5 decided"},
		{name: "of two that convert the earliest", steps: "A B", life: "A0 A1 B2 A20 B21", want: "converted 0 2 decided"},
		{name: "the earliest whose window holds", steps: "A B", life: "A0 A5 B12", want: "converted 5 12 decided"},
		{name: "one step of a life is one step of the funnel", steps: "A A", life: "A0", want: "lost 0 decided"},
		{name: "twice the same", steps: "A A", life: "A0 A3", want: "converted 0 3 decided"},
		{name: "entered before the period", steps: "A B", life: "A0 B5", want: "converted 0 5 decided"},
		{name: "entered after the period", steps: "A B", life: "A100 B105", want: "outside"},
		{name: "converted after the period", steps: "A B", life: "A99 B105", want: "converted 99 105 decided"},
		{name: "within the period alone", steps: "A B", life: "A99 B105", config: funnel.Config{Within: funnel.Period}, want: "lost 99 decided"},
		{name: "the window is not over", steps: "A B", life: "A95", now: 105, want: "open 95 closes 105"},
		{name: "now it is", steps: "A B", life: "A95", now: 106, want: "lost 95 decided"},
		{name: "nothing is known from now on", steps: "A B", life: "A95 B104", now: 104, want: "open 95 closes 105"},
		{name: "open by a later attempt, counted by the one that got further", steps: "A B C", life: "A80 B81 A95", now: 100, want: "open 80 81 closes 105"},
		{name: "converted, while another window is open", steps: "A B", life: "A80 B81 A95", now: 100, want: "converted 80 81"},
		{name: "excluded between", steps: "A B", life: "A0 X1 B2", without: "X", want: "lost 0 excluded decided"},
		{name: "excluded before and after", steps: "A B", life: "X0 A1 B2 X3", without: "X", want: "converted 1 2 decided"},
		{name: "another attempt without it", steps: "A B", life: "A0 X1 A2 B3", without: "X", want: "converted 2 3 decided"},
		{name: "another choice of the second step without it", steps: "A B C", life: "A0 B1 X2 B3 C4", without: "X@2-3", want: "converted 0 3 4 decided"},
		{name: "excluded elsewhere", steps: "A B C", life: "A0 X1 B2 C4", without: "X@2-3", want: "converted 0 2 4 decided"},
		{name: "an excluded attempt is not open", steps: "A B", life: "A95 X96", without: "X", now: 100, want: "lost 95 excluded"},
		{name: "optional done", steps: "A B? C", life: "A0 B1 C2", want: "converted 0 2 +2 decided"},
		{name: "optional not done", steps: "A B? C", life: "A0 C2", want: "converted 0 2 decided"},
		{name: "optional after the one that follows", steps: "A B? C", life: "A0 C2 B3", want: "converted 0 2 decided"},
		{name: "optional at the end", steps: "A C B?", life: "A0 C2 B3", want: "converted 0 2 +3 decided"},
		{name: "optional at the end, late", steps: "A C B?", life: "A0 C2 B13", want: "converted 0 2 decided"},
		{name: "optional, and lost behind it", steps: "A B? C", life: "A0 B3", want: "lost 0 +2 decided"},
		{name: "overlap", steps: "A|B B A|B", life: "B0 A1", config: funnel.Config{Overlap: true}, want: "converted 0 0 0 decided"},
		{name: "no overlap", steps: "A|B B", life: "B0 A1", want: "lost 0 decided"},
		{name: "strict", steps: "A B C", life: "A0 B1 C2", config: funnel.Config{Order: funnel.Strict}, want: "converted 0 1 2 decided"},
		{name: "strict, something between", steps: "A B C", life: "A0 B1 x2 C3", config: funnel.Config{Order: funnel.Strict}, want: "lost 0 1 decided"},
		{name: "strict, a second attempt", steps: "A B", life: "A0 A1 B2", config: funnel.Config{Order: funnel.Strict}, want: "converted 1 2 decided"},
		{name: "strict, only the first", steps: "A B", life: "A0 A1 B2", config: funnel.Config{Order: funnel.Strict, Entry: funnel.First}, want: "lost 0 decided"},
		{name: "strict, optional", steps: "A B? C", life: "A0 B1 C2", config: funnel.Config{Order: funnel.Strict}, want: "converted 0 2 +2 decided"},
		{name: "strict, optional passed over", steps: "A B? C", life: "A0 C2", config: funnel.Config{Order: funnel.Strict}, want: "converted 0 2 decided"},
		{name: "strict, time alone comes not between", steps: "A B", life: "A0 L1 B2", config: funnel.Config{Order: funnel.Strict}, want: "converted 0 2 decided"},
		{name: "strict, a lapse that is asked for", steps: "A stage:lapsed B?", life: "A0 L1 B2", config: funnel.Config{Order: funnel.Strict}, want: "converted 0 1 +3 decided"},
		{name: "strict, a mail comes between", steps: "A B", life: "A0 m1 B2", config: funnel.Config{Order: funnel.Strict}, want: "lost 0 decided"},
		{name: "strict among deeds", steps: "A B", life: "A0 m1 B2", config: funnel.Config{Order: funnel.Strict, Among: funnel.Activities}, want: "converted 0 2 decided"},
		{name: "strict, open until something comes", steps: "A B", life: "A95", now: 100, config: funnel.Config{Order: funnel.Strict}, want: "open 95 closes 105"},
		{name: "strict, something came", steps: "A B", life: "A95 x96", now: 100, config: funnel.Config{Order: funnel.Strict}, want: "lost 95"},
		{name: "any order", steps: "A B C", life: "C0 x1 A2 C3 B4", config: funnel.Config{Order: funnel.Unordered}, want: "converted 0 2 4 decided"},
		{name: "any order, late", steps: "A B C", life: "C0 A2 B14", config: funnel.Config{Order: funnel.Unordered}, want: "lost 0 2 decided"},
		{name: "any order, dealt out anew", steps: "A|B A", life: "A0 B1", config: funnel.Config{Order: funnel.Unordered}, want: "converted 0 1 decided"},
		{name: "any order, nothing excluded", steps: "A B", life: "A0 X1 B2", without: "X", config: funnel.Config{Order: funnel.Unordered}, want: "lost 0 excluded decided"},
		{name: "any order, optional", steps: "A B? C", life: "C0 B1 A2", config: funnel.Config{Order: funnel.Unordered}, want: "converted 0 2 +2 decided"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.config.Steps, c.config.Exclusions, c.config.Window = stepsOf(t, c.steps), exclusions(t, c.without), 10*time.Minute
			f, err := funnel.New(c.config)
			if err != nil {
				t.Fatal(err)
			}
			rows := life(c.life)
			in := funnel.Bounds{End: 100 * 60_000, Now: event.Millis(cmp.Or(c.now, 200)) * 60_000}
			if got := written(rows, f.Of(rows, in)); got != c.want {
				t.Errorf("%s of %s: %s, want %s", f, c.life, got, c.want)
			}
		})
	}
}

// TestOfBrute compares with every choice of steps of small random lives.
func TestOfBrute(t *testing.T) {
	t.Parallel()
	const seed = 20261129
	r := rand.New(rand.NewPCG(seed, 2))
	texts := []string{"A", "B", "C", "A|B", "B|C"}
	seen := map[string]int{}
	for i := range 12_000 {
		c := funnel.Config{
			Order: []funnel.Order{funnel.Ordered, funnel.Strict, funnel.Unordered}[i%3], Window: time.Duration(2+r.IntN(8)) * time.Minute,
			Within: []funnel.Within{funnel.Window, funnel.Period}[r.IntN(2)], Entry: []funnel.Entry{funnel.Any, funnel.Any, funnel.First}[r.IntN(3)],
		}
		c.Overlap = c.Order == funnel.Ordered && r.IntN(4) == 0
		var steps []string
		for s := range 1 + r.IntN(4) {
			text := texts[r.IntN(len(texts))]
			if s > 0 && r.IntN(4) == 0 {
				text += "?"
			}
			steps = append(steps, text)
		}
		c.Steps = stepsOf(t, strings.Join(steps, " "))
		if c.Order != funnel.Strict && r.IntN(2) == 0 {
			c.Exclusions = exclusions(t, "X")
		}
		f, err := funnel.New(c)
		if err != nil {
			t.Fatal(err)
		}
		var words []string
		minute := 0
		for range r.IntN(9) {
			minute += r.IntN(4)
			words = append(words, fmt.Sprintf("%c%d", "AABBCCXx"[r.IntN(8)], minute))
		}
		rows := life(strings.Join(words, " "))
		in := funnel.Bounds{Start: 60_000 * event.Millis(r.IntN(3)), End: 60_000 * event.Millis(6+r.IntN(12)), Now: 60_000 * event.Millis(4+r.IntN(30))}
		o := f.Of(rows, in)
		got, want := written(rows, funnel.Outcome{State: o.State, Reached: o.Reached, Closes: o.Closes, IsDecided: o.IsDecided}), brute(c, rows, in)
		if got != want {
			t.Fatalf("seed %d, life %d: %s, overlap %v, of %s in minutes %d to %d, now %d: %s, want %s", seed, i, f, c.Overlap, words, in.Start/60_000, in.End/60_000, in.Now/60_000, got, want)
		}
		seen[string(c.Order)+" "+strings.Fields(got)[0]]++
	}
	if len(seen) != 12 || slices.Min([]int{seen["ordered open"], seen["strict open"], seen["unordered lost"], seen["strict converted"]}) < 50 {
		t.Errorf("the lives say too little: %v", seen)
	}
}

// TestLongLife: a machine with very many steps costs in proportion to them, in every order.
func TestLongLife(t *testing.T) {
	t.Parallel()
	rows := make([]step.Row, 100_000)
	for i := range rows {
		rows[i] = step.Row{At: event.Millis(i), Type: event.Track, Event: string("AAAB"[i%4]), Session: 1}
	}
	for _, order := range []funnel.Order{funnel.Ordered, funnel.Strict, funnel.Unordered} {
		f, err := funnel.New(funnel.Config{Steps: stepsOf(t, "A A B C"), Order: order})
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		if o := f.Of(rows, funnel.Bounds{End: 1 << 40, Now: 1 << 40}); o.State != funnel.Lost || len(o.Reached) != 3 {
			t.Errorf("%s: %+v", order, o)
		}
		if took := time.Since(start); took > 10*time.Second {
			t.Errorf("%s: one life of 100,000 steps took %s", order, took)
		} else {
			t.Logf("%s: %s", order, took)
		}
	}
}
