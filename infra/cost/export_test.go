package cost

import (
	"fmt"
	"time"

	"waymark/infra/local/template"
)

// Plan describes the firings of a template's schedules for a day: how many of each frequent one with the first and
// the last, and the others.
func Plan(text string, start time.Time) ([]string, error) {
	t, err := template.Parse("template.yaml", []byte(text), template.Options{})
	if err != nil {
		return nil, err
	}
	p, err := newPlan(t, start)
	var said []string
	for _, last := range p.last() {
		var due []time.Time
		for _, f := range p.frequent {
			if f.schedule.Name == last.schedule.Name {
				due = append(due, f.due)
			}
		}
		said = append(said, fmt.Sprintf("%s %d a day, %s to %s", last.schedule.Name, len(due), due[0].Format(time.DateTime),
			due[len(due)-1].Format(time.DateTime)))
	}
	for _, f := range p.rare {
		said = append(said, fmt.Sprintf("%s %s a day, %s", f.schedule.Name, f.perDay.RatString(),
			f.due.Format(time.DateTime)))
	}
	return said, err
}
