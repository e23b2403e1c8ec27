package feedback

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/event"
	"waymark/shared/domain/step"
)

// Ranks is what is known of the order of stages: that of the workspace's model, or else in which order persons first reach them.
type Ranks struct {
	declared []string
	reached  map[string]rank
}

// rank is how many stages persons had reached before one, and how many persons reached it.
type rank struct{ before, persons int64 }

// NewRanks reads the names of the model's stages, where the question has them. Fault: Invalid bad_stages.
func NewRanks(q analysis.Question) (*Ranks, error) {
	r := &Ranks{reached: map[string]rank{}}
	if text := q.Documents["stages"]; len(text) > 0 {
		if err := json.Unmarshal(text, &r.declared); err != nil {
			return nil, analysis.Bad("stages", "the stages of the model are a JSON list of names: %v", err)
		}
	}
	return r, nil
}

// Like is the same without what lives said.
func (r *Ranks) Like() *Ranks { return &Ranks{r.declared, map[string]rank{}} }

// Add takes a life as far as it is known.
func (r *Ranks) Add(life []step.Row, from, until event.Millis) {
	if len(r.declared) > 0 {
		last := ""
		for i := range life {
			if life[i].At >= from && life[i].At < until && life[i].Stage != last {
				last = life[i].Stage
				r.seen(last, 0)
			}
		}
		return
	}
	var reached []string
	for i := range life {
		name := life[i].Stage
		if life[i].At < from || life[i].At >= until || slices.Contains(reached, name) {
			continue
		}
		r.seen(name, int64(len(reached)))
		reached = append(reached, name)
	}
}

func (r *Ranks) seen(name string, before int64) {
	if name != "" {
		of := r.reached[name]
		r.reached[name] = rank{of.before + before, of.persons + 1}
	}
}

// Join takes what other lives said.
func (r *Ranks) Join(other *Ranks) {
	for name, of := range other.reached {
		mine := r.reached[name]
		r.reached[name] = rank{mine.before + of.before, mine.persons + of.persons}
	}
}

// Order lists the stages: those of the model, then those that only lives have; without a model by the mean number of stages that were reached before.
func (r *Ranks) Order() []string {
	others := slices.DeleteFunc(slices.Collect(maps.Keys(r.reached)), func(name string) bool { return slices.Contains(r.declared, name) })
	slices.SortFunc(others, func(a, b string) int {
		ra, rb := r.reached[a], r.reached[b]
		if len(r.declared) > 0 {
			return cmp.Compare(a, b)
		}
		return cmp.Or(cmp.Compare(ra.before*rb.persons, rb.before*ra.persons), cmp.Compare(a, b))
	})
	return append(slices.Clone(r.declared), others...)
}

// Declared counts the stages of the model at the beginning of Order; those behind them, such as one that is entered by silence, are outside its order.
func (r *Ranks) Declared() int { return len(r.declared) }
