package stage_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"waymark/shared/domain/event"
	"waymark/shared/domain/stage"
)

// walks is the number of random models with a random timeline each that the laws below are held against.
const walks = 2000

// scene is a random model with a random timeline, all times whole minutes so that the reference can step through them.
type scene struct {
	config  stage.Config
	model   *stage.Model
	touches []stage.Touch
	until   int // minutes
}

func newScene(t *testing.T, seed uint64) scene {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 7))
	var s scene
	for s.model == nil {
		s.config = randomConfig(random)
		s.model, _ = stage.New(s.config) // a random model may have elapsed rules in a circle: take the next
	}
	now, orders := 0, 0
	for i := range random.IntN(25) {
		now += random.IntN(4) * random.IntN(12)
		tp := event.Touchpoint{
			ID: event.ID(fmt.Sprintf("e%d", i)), Source: "web", Type: []event.Type{event.Track, event.Track, event.Page}[random.IntN(3)],
			Name: []string{"a", "ab", "b", "c", ""}[random.IntN(5)], Page: "https://s.example/" + []string{"", "p", "q"}[random.IntN(3)],
		}
		if random.IntN(2) == 0 {
			tp.Properties = map[string]string{"score": strconv.Itoa(random.IntN(5))}
		}
		touch := stage.Touch{At: minutes(now), Touchpoint: tp, Channel: []string{"email", "direct"}[random.IntN(2)]}
		if random.IntN(4) == 0 {
			kind := []event.OrderKind{event.Completed, event.Completed, event.Completed, event.Refunded}[random.IntN(4)]
			touch.Touchpoint.Order = &event.Order{ID: fmt.Sprint(orders), Kind: kind}
			touch.NewOrder = kind == event.Completed && random.IntN(3) > 0
		}
		s.touches = append(s.touches, touch)
	}
	s.until = random.IntN(now + 60)
	return s
}

func minutes(n int) event.Millis { return event.Millis(0).Add(time.Duration(n) * time.Minute) }

func randomConfig(random *rand.Rand) stage.Config {
	c := stage.Config{
		Name: "random", Version: 1, Policy: []stage.Policy{stage.Latest, stage.Furthest}[random.IntN(2)],
		Stages: []stage.Name{"s0", "s1", "s2", "s3"}[:2+random.IntN(3)],
	}
	for i := range len(c.Stages) + random.IntN(5) {
		r := stage.Rule{ID: fmt.Sprintf("r%d", i), Stage: c.Stages[i%len(c.Stages)]}
		if i >= len(c.Stages) && random.IntN(2) == 0 {
			r.Elapsed = &stage.Elapsed{In: c.Stages[random.IntN(len(c.Stages))], After: time.Duration(1+random.IntN(15)) * time.Minute}
			c.Rules = append(c.Rules, r)
			continue
		}
		r.When, r.Entry = randomWhen(random), random.IntN(5) == 0
		if random.IntN(4) == 0 {
			most := 1 + random.IntN(3)
			r.Orders = &stage.Orders{AtLeast: random.IntN(2), AtMost: &most}
		}
		if random.IntN(4) == 0 {
			r.Count = &stage.Count{AtLeast: 2 + random.IntN(2), Within: time.Duration(random.IntN(3)*15) * time.Minute}
			if random.IntN(2) == 0 {
				of := randomWhen(random)
				r.Count.Of = &of
			}
		}
		c.Rules = append(c.Rules, r)
	}
	if random.IntN(3) > 0 {
		c.Lapse = "gone"
		silence := &stage.Silence{After: time.Duration(1+random.IntN(20)) * time.Minute}
		c.Rules = append(c.Rules, stage.Rule{ID: "silence", Stage: c.Lapse, Silence: silence})
	}
	return c
}

func randomWhen(random *rand.Rand) stage.When {
	w := stage.When{}
	for range 1 + random.IntN(2) {
		switch random.IntN(6) {
		case 0:
			w.Types = []event.Type{event.Track}
		case 1:
			w.Names = [][]string{{"a"}, {"a*"}, {"b", "c"}, {"a", "c*"}}[random.IntN(4)]
		case 2:
			w.NotNames = []string{"c", "ab*"}
		case 3:
			w.Channels = []string{"email"}
		case 4:
			w.Page.Contains = []string{"p"}
		case 5:
			w.Properties = []stage.Property{{Name: "score", Op: stage.AtLeast, Values: []string{strconv.Itoa(random.IntN(5))}}}
		}
	}
	return w
}

// reference evaluates a scene the slow way: minute after minute, and every count from the beginning of the timeline. It knows nothing of how
// package stage does it.
type reference struct {
	scene
	visits []stage.Visit
	after  []stage.Name
	before stage.Name // the stage before the lapse
	last   int        // minute of the last touch
}

func (r *reference) run() {
	end := r.until
	if n := len(r.touches); n > 0 {
		end = max(end, int(r.touches[n-1].At.Sub(0)/time.Minute))
	}
	next := 0
	for now := 0; now <= end; now++ {
		r.passTime(now)
		for ; next < len(r.touches) && r.touches[next].At == minutes(now); next++ {
			r.take(next, now)
			r.after = append(r.after, r.stage())
		}
	}
}

func (r *reference) stage() stage.Name {
	if len(r.visits) == 0 {
		return ""
	}
	return r.visits[len(r.visits)-1].Stage
}

func (r *reference) enter(name stage.Name, now int, cause stage.Cause) {
	if n := len(r.visits); n > 0 {
		r.visits[n-1].Left = minutes(now)
	}
	r.visits = append(r.visits, stage.Visit{Stage: name, Entered: minutes(now), Cause: cause})
}

func (r *reference) passTime(now int) {
	current := r.stage()
	if current == "" || current == r.config.Lapse {
		return
	}
	for _, rule := range r.config.Rules {
		if rule.Silence != nil && minutes(now).Sub(minutes(r.last)) == rule.Silence.After {
			r.before = current
			r.enter(rule.Stage, now, stage.Cause{Rule: rule.ID})
			return
		}
	}
	entered := r.visits[len(r.visits)-1].Entered
	for _, rule := range r.config.Rules {
		if rule.Elapsed != nil && rule.Elapsed.In == current && minutes(now).Sub(entered) == rule.Elapsed.After {
			r.enter(rule.Stage, now, stage.Cause{Rule: rule.ID})
			return
		}
	}
}

func (r *reference) take(index, now int) {
	r.last = now
	current, t := r.stage(), r.touches[index]
	cause := stage.Cause{Event: t.Touchpoint.ID, Source: t.Touchpoint.Source}
	var target stage.Name
	for _, name := range r.config.Stages { // the last that has a rule is the furthest
		for _, rule := range slices.Backward(r.config.Rules) {
			if rule.Stage == name && rule.Elapsed == nil && rule.Silence == nil && r.satisfied(rule, index) {
				target, cause.Rule = name, rule.ID
			}
		}
	}
	lapsed := current != "" && current == r.config.Lapse
	switch {
	case target == "" && lapsed:
		r.enter(r.before, now, stage.Cause{Event: t.Touchpoint.ID, Source: t.Touchpoint.Source, Rule: "return"})
	case target == "" || target == current:
	case r.config.Policy == stage.Latest || lapsed || slices.Index(r.config.Stages, target) > slices.Index(r.config.Stages, current):
		r.enter(target, now, cause)
	}
}

func (r *reference) satisfied(rule stage.Rule, index int) bool {
	orders, count := 0, 0
	of := rule.When
	if rule.Count != nil && rule.Count.Of != nil {
		of = *rule.Count.Of
	}
	for _, t := range r.touches[:index+1] {
		if t.NewOrder {
			orders++
		}
		age := r.touches[index].At.Sub(t.At)
		if rule.Count != nil && says(of, t) && (rule.Count.Within == 0 || age <= rule.Count.Within) {
			count++
		}
	}
	return says(rule.When, r.touches[index]) &&
		(!rule.Entry || r.stage() == "") &&
		(rule.Orders == nil || orders >= rule.Orders.AtLeast && orders <= *rule.Orders.AtMost) &&
		(rule.Count == nil || count >= rule.Count.AtLeast)
}

// says is a When in words of its own; a repeated order says nothing.
func says(w stage.When, t stage.Touch) bool {
	if t.Touchpoint.Order != nil && t.Touchpoint.Order.Kind == event.Completed && !t.NewOrder {
		return false
	}
	like := func(pattern string) bool {
		if before, found := strings.CutSuffix(pattern, "*"); found {
			return strings.HasPrefix(t.Touchpoint.Name, before)
		}
		return pattern == t.Touchpoint.Name
	}
	holds := (len(w.Types) == 0 || slices.Contains(w.Types, t.Touchpoint.Type)) &&
		(len(w.Names) == 0 || slices.ContainsFunc(w.Names, like)) &&
		!slices.ContainsFunc(w.NotNames, like) &&
		(len(w.Channels) == 0 || slices.Contains(w.Channels, t.Channel)) &&
		(len(w.Page.Contains) == 0 || strings.HasSuffix(t.Touchpoint.Page, "/p"))
	for _, p := range w.Properties {
		said, err := strconv.Atoi(t.Touchpoint.Properties[p.Name])
		least, _ := strconv.Atoi(p.Values[0])
		holds = holds && err == nil && said >= least
	}
	return holds
}

func TestWalkEqualsReference(t *testing.T) {
	t.Parallel()
	stages := map[stage.Name]int{}
	for seed := range uint64(walks) {
		s := newScene(t, seed)
		want := reference{scene: s}
		want.run()
		got := s.model.Walk(s.touches, minutes(s.until))
		if !slices.Equal(got.Visits, want.visits) || !slices.Equal(got.After, want.after) {
			t.Fatalf("seed %d: Walk()\n got %q after %v\nwant %q after %v\nmodel %+v\ntouches %+v",
				seed, lines(got.Visits), got.After, lines(want.visits), want.after, s.config, s.touches)
		}
		for at := range s.until + 1 { // the instant just before a minute is what the reference knew after the minute before
			var before stage.Name
			for _, v := range want.visits {
				if v.Entered < minutes(at) {
					before = v.Stage
				}
			}
			if got.At(minutes(at)) != before {
				t.Fatalf("seed %d: At(minute %d) = %q, want %q of %q", seed, at, got.At(minutes(at)), before, lines(got.Visits))
			}
		}
		for _, v := range got.Visits {
			stages[v.Stage]++
		}
	}
	for _, name := range []stage.Name{"s0", "s1", "s2", "s3", "gone"} {
		if stages[name] < walks/10 {
			t.Errorf("the random walks entered %s only %d times, so they show little", name, stages[name])
		}
	}
}

// TestUntilOnlyAdds: a walk that looks further ahead has the same visits, of which only the last may have ended, and then more.
func TestUntilOnlyAdds(t *testing.T) {
	t.Parallel()
	for seed := range uint64(walks) {
		s := newScene(t, seed)
		for _, further := range []int{0, 1, 7, 1000} {
			near, far := s.model.Walk(s.touches, minutes(s.until)), s.model.Walk(s.touches, minutes(s.until+further))
			n := len(near.Visits)
			if len(far.Visits) < n || !slices.Equal(near.After, far.After) {
				t.Fatalf("seed %d: %d visits until %d, %d visits %d minutes later", seed, n, s.until, len(far.Visits), further)
			}
			same := slices.Clone(far.Visits[:n])
			if n > 0 {
				same[n-1].Left = near.Visits[n-1].Left
			}
			if !slices.Equal(near.Visits, same) {
				t.Fatalf("seed %d: visits until %d: %q, %d minutes later: %q", seed, s.until, lines(near.Visits), further, lines(far.Visits))
			}
		}
	}
}

// TestNext: up to the millisecond before Next nothing changes; at Next exactly one change is made.
func TestNext(t *testing.T) {
	t.Parallel()
	changes := 0
	for seed := range uint64(walks) {
		s := newScene(t, seed)
		h := s.model.Walk(s.touches, minutes(s.until))
		if h.Next == 0 {
			if far := s.model.Walk(s.touches, minutes(1_000_000)); !reflect.DeepEqual(h, far) {
				t.Fatalf("seed %d: Next = 0, yet later there are %q after %q", seed, lines(far.Visits), lines(h.Visits))
			}
			continue
		}
		changes++
		before, then := s.model.Walk(s.touches, h.Next-1), s.model.Walk(s.touches, h.Next)
		if !reflect.DeepEqual(before, h) || len(then.Visits) != len(h.Visits)+1 || then.Visits[len(h.Visits)].Entered != h.Next {
			t.Fatalf("seed %d: Next = %d: until %d %q, a millisecond before %q, then %q",
				seed, h.Next, s.until, lines(h.Visits), lines(before.Visits), lines(then.Visits))
		}
	}
	if changes < walks/4 {
		t.Errorf("only %d of %d walks had a change to come, so they show little", changes, walks)
	}
}

// BenchmarkWalk follows 10,000 touches of one person, three in four of which change the stage.
func BenchmarkWalk(b *testing.B) {
	m := made(b, small(stage.Latest))
	touches := make([]stage.Touch, 10_000)
	for i := range touches {
		touches[i] = at(event.Millis(i)*1000, []string{"a", "b", "c", "x"}[i%4])
	}
	b.ReportAllocs()
	for b.Loop() {
		m.Walk(touches, touches[len(touches)-1].At)
	}
}
