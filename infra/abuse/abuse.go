// Package abuse plays the attacks of docs/trust.md against a running system: with a site's public key, by somebody who knows every user id, e-mail
// address, order number and message id. For each attack in each mode it says whether the victims' numbers stayed as they are without the attack, and
// otherwise that the attack is seen, and that one quarantine brings the numbers back to the byte.
//
// It knows the system only from outside. Each attack has a workspace of its own, whose numbers are held against those of a workspace of the same mode
// that nobody attacks.
//
//	verdicts, err := abuse.Run(ctx, abuse.Config{World: &abuse.Running{…}, Attacks: abuse.Attacks(), Modes: abuse.Modes(), …})
package abuse

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Config is one run.
type Config struct {
	World      World
	Base       time.Time // when the run began, in whole seconds
	Attacks    []Attack
	Modes      []Mode
	IsMeasured bool              // the world says how long process took
	AtOnce     int               // workspaces that are worked on together
	Progress   func(text string) // hears of each step; never nil
}

// Verdict is what an attack came to in a mode.
type Verdict struct {
	Attack Attack
	Mode   Mode
	IsSafe bool   // nothing of the victims is other than without the attack
	Adds   bool   // other numbers are: visits and persons that the attacker made up
	Cost   string // of an attack on the machine: what it took; "" where nobody measured
	Sign   string // by which it is seen; "" of what left no trace
	// Fault is what must not be: numbers that one quarantine does not bring back, numbers that changed and nothing that shows it, work beyond its
	// limit. It lists what differs.
	Fault string
}

// Text is the verdict in words.
func (v Verdict) Text() string {
	switch {
	case v.Fault != "":
		return "FAILED"
	case v.IsSafe:
		return "safe"
	default:
		return "detected and undone"
	}
}

// play is one attack, or none, on a workspace.
type play struct {
	attack *Attack // nil of nobody's
	events func(s shop) []Event
	mode   Mode
	name   string
	keys   Keys
	shop   shop
	view   view
	signs  signs

	isTimed bool
	batch   time.Duration // that process took at most
	count   time.Duration // that the rollup took
}

// maxBatch is a tenth of the time that process has for a batch.
const maxBatch = 3 * time.Second

// run is a run under way.
type run struct {
	Config
	spans
	plays     []*play
	clean     map[Mode]*play
	yardstick map[string]*play // by attack and mode
}

// Run plays all attacks. An error means that it could not be done, or that others were harmed: requests that failed, dead letters.
func Run(ctx context.Context, c Config) ([]Verdict, error) {
	r := &run{Config: c, spans: spans{base: c.Base}, clean: map[Mode]*play{}, yardstick: map[string]*play{}}
	for _, m := range c.Modes {
		r.clean[m] = r.add(play{mode: m, name: "nobody"})
		for _, a := range c.Attacks {
			r.add(play{attack: &a, events: a.events, mode: m, name: a.ID, isTimed: a.isTimed})
			if a.yardstick != nil {
				r.yardstick[a.ID+string(m)] = r.add(play{events: a.yardstick, mode: m, name: a.ID + "-yardstick", isTimed: true})
			}
		}
	}
	for _, step := range []struct {
		text string
		do   func(context.Context) error
	}{
		{"honest traffic", r.begin}, {"attacks", r.attack}, {"more honest traffic", r.end}, {"rollups and numbers", r.look},
	} {
		c.Progress(fmt.Sprintf("%s: %d workspaces", step.text, len(r.plays)))
		if err := step.do(ctx); err != nil {
			return nil, fmt.Errorf("%s: %w", step.text, err)
		}
	}
	return r.judge(ctx)
}

func (r *run) add(p play) *play {
	words := strings.Fields(string(p.mode))
	p.name = strings.ToLower("abuse-" + p.name + "-" + words[len(words)-1])
	r.plays = append(r.plays, &p)
	return &p
}

// each does something with every play, several at a time.
func (r *run) each(plays []*play, do func(p *play) error) error {
	var group sync.WaitGroup
	errs, places := make([]error, len(plays)), make(chan struct{}, max(1, r.AtOnce))
	for i, p := range plays {
		group.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			if err := do(p); err != nil {
				errs[i] = fmt.Errorf("%s: %w", p.name, err)
			}
		})
	}
	group.Wait()
	return errors.Join(errs...)
}

// maxPosted is how many events go in one request.
const maxPosted = 1000

func (r *run) post(ctx context.Context, p *play, posts ...post) error {
	for _, one := range posts {
		key := p.keys.Site
		if one.isServer {
			key = p.keys.Server
		}
		for chunk := range slices.Chunk(one.events, maxPosted) {
			if err := r.World.Post(ctx, key, chunk); err != nil {
				return err
			}
		}
	}
	return nil
}

// drain waits for everybody's events; any workspace's key opens the count of the queues.
func (r *run) drain(ctx context.Context) error { return r.World.Drain(ctx, r.plays[0].keys.Secret) }

func (r *run) begin(ctx context.Context) error {
	err := r.each(r.plays, func(p *play) (err error) {
		if p.keys, err = r.World.Open(ctx, p.name, p.mode); err != nil {
			return err
		}
		p.shop = shop{r.Base, p.keys.Identity}
		return r.post(ctx, p, p.shop.before()...)
	})
	if err != nil {
		return err
	}
	return r.drain(ctx)
}

// attack sends the attacks, those that aim at the machine one after the other.
func (r *run) attack(ctx context.Context) (err error) {
	if r.from, err = r.World.Step(ctx); err != nil {
		return err
	}
	var timed, others []*play
	for _, p := range r.plays {
		switch {
		case p.events == nil:
		case p.isTimed:
			timed = append(timed, p)
		default:
			others = append(others, p)
		}
	}
	send := func(p *play) error { return r.post(ctx, p, post{events: p.events(p.shop)}) }
	if err := r.each(others, send); err != nil {
		return err
	}
	if err := r.drain(ctx); err != nil {
		return err
	}
	for _, p := range timed {
		if _, err = r.World.Longest(); err != nil {
			return err
		}
		if err := errors.Join(send(p), r.drain(ctx)); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		if p.batch, err = r.World.Longest(); err != nil {
			return err
		}
		if p.batch == 0 && r.IsMeasured {
			return fmt.Errorf("%s: the log of process tells of no batch", p.name)
		}
	}
	r.to, err = r.World.Step(ctx)
	return err
}

func (r *run) end(ctx context.Context) error {
	if err := r.each(r.plays, func(p *play) error { return r.post(ctx, p, p.shop.after()...) }); err != nil {
		return err
	}
	return r.drain(ctx)
}

// look counts all workspaces and reads their numbers, the timed ones first and alone.
func (r *run) look(ctx context.Context) error {
	var others []*play
	for _, p := range r.plays {
		if !p.isTimed {
			others = append(others, p)
			continue
		}
		begun := time.Now()
		if err := r.World.Count(ctx, p.keys.Secret); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		p.count = time.Since(begun)
	}
	err := r.each(others, func(p *play) error { return r.World.Count(ctx, p.keys.Secret) })
	if err != nil {
		return err
	}
	return r.each(r.plays, func(p *play) (err error) {
		if p.view, err = read(ctx, r.World, p.keys, p.mode, r.spans); err != nil {
			return err
		}
		p.signs, err = readSigns(ctx, r.World, p.keys)
		return err
	})
}

// judge holds each attack against the workspace that nobody attacked, and takes out again whatever it changed.
func (r *run) judge(ctx context.Context) ([]Verdict, error) {
	var attacked []*play
	for _, p := range r.plays {
		if p.attack != nil {
			attacked = append(attacked, p)
		}
	}
	slices.SortStableFunc(attacked, func(a, b *play) int {
		return slices.Index(r.order(), a.attack.ID) - slices.Index(r.order(), b.attack.ID)
	})
	r.Progress(fmt.Sprintf("quarantines: up to %d workspaces", len(attacked)))
	verdicts := make([]Verdict, len(attacked))
	err := r.each(attacked, func(p *play) (err error) {
		i := slices.Index(attacked, p)
		verdicts[i], err = r.verdict(ctx, p)
		return err
	})
	return verdicts, err
}

func (r *run) order() (ids []string) {
	for _, a := range r.Attacks {
		ids = append(ids, a.ID)
	}
	return ids
}

func (r *run) verdict(ctx context.Context, p *play) (Verdict, error) {
	clean := r.clean[p.mode]
	hurt, others := differences(p.view.victims, clean.view.victims), differences(p.view.others, clean.view.others)
	v := Verdict{Attack: *p.attack, Mode: p.mode, IsSafe: len(hurt) == 0, Adds: len(others) > 0, Sign: p.signs.since(clean.signs)}
	v.Fault = r.tooSlow(p)
	if p.batch > 0 {
		v.Cost = fmt.Sprintf("longest batch %.1f s, rollup %.1f s", p.batch.Seconds(), p.count.Seconds()) + r.honestCost(p)
	}
	if broken := differences(p.view.promised, clean.view.promised); len(broken) > 0 && !(p.attack.isOfBrowser && p.mode == SignedUsers) {
		v.Fault += "it changed what is promised:\n    " + strings.Join(broken, "\n    ")
	}
	if len(hurt) == 0 && len(others) == 0 {
		return v, nil
	}
	if v.Sign == "" {
		v.Fault += "it changed numbers, and nothing shows it:\n    " + strings.Join(append(hurt, others...), "\n    ")
	}
	if err := r.quarantine(ctx, p); err != nil {
		return v, err
	}
	again, err := read(ctx, r.World, p.keys, p.mode, r.spans)
	if err != nil {
		return v, err
	}
	left := append(differences(again.victims, clean.view.victims), differences(again.others, clean.view.others)...)
	if len(left) > 0 {
		v.Fault += fmt.Sprintf("%d numbers differ under quarantine:\n    %s", len(left), strings.Join(left, "\n    "))
	}
	return v, nil
}

func (r *run) honestCost(p *play) string {
	y := r.yardstick[p.attack.ID+string(p.mode)]
	return fmt.Sprintf("; honest %.1f, %.1f", y.batch.Seconds(), y.count.Seconds())
}

// tooSlow says what of an attack on the machine was beyond its limit. On a machine that is busy with other things everything takes longer, so
// what is in proportion to as many honest events is no fault.
func (r *run) tooSlow(p *play) string {
	y := r.yardstick[p.attack.ID+string(p.mode)]
	switch {
	case y == nil:
		return ""
	case p.batch > max(maxBatch, 3*y.batch):
		return fmt.Sprintf("process took %s for a batch, and may take %s; for honest events it took %s\n", p.batch, maxBatch, y.batch)
	case p.count > 3*y.count+time.Second:
		return fmt.Sprintf("its rollup took %s, and that of as many honest events %s\n", p.count, y.count)
	}
	return ""
}

// quarantine takes out what the site sent while the attack went on, and counts again.
func (r *run) quarantine(ctx context.Context, p *play) error {
	body := map[string]any{
		"source": p.keys.Source, "reason": "make abuse",
		"received": map[string]string{"from": stamp(r.from), "to": stamp(r.to)},
	}
	said, err := r.World.Ask(ctx, p.keys.Secret, http.MethodPost, "/v1/quarantines", body)
	if err != nil {
		return fmt.Errorf("POST /v1/quarantines: %w", err)
	}
	var answer struct {
		Quarantine json.RawMessage `json:"quarantine"`
	}
	if err := json.Unmarshal(said, &answer); err != nil || answer.Quarantine == nil {
		return errors.Join(fmt.Errorf("POST /v1/quarantines answers %.200s", said), err)
	}
	return r.World.Count(ctx, p.keys.Secret)
}
