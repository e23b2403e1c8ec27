// Command asking measures what it costs to ask: CPU time and memory of every analysis over many persons whose steps lie in Parquet, as they do on AWS,
// and the CPU time of DuckDB for the same questions on the same files.
//
//	go run ./tests/bench/asking -persons 100000 -duckdb .venv-duckdb/bin/python
//
// It ends with 1 where a question of 100,000 persons takes more than 5 s of CPU for each million steps, or more than 512 MB, where twice the persons take
// more than 2.2 times as long, or where DuckDB finds other numbers. docs/performance.md has a table that it made.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/url"
	"os"
	"runtime"
	"runtime/pprof"
	"time"

	"waymark/shared/adapter/memory"
	"waymark/shared/adapter/steps"
	"waymark/shared/analyse"
	"waymark/shared/domain/analysis/analysistest"
	"waymark/shared/domain/event"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/workspace"
	"waymark/shared/model"
	"waymark/tests/bench/usage"
)

// The bars, of 100,000 persons.
const (
	barPersons = 100_000
	barCPU     = 5 * time.Second // for each million steps
	barMemory  = 512 << 20
	barTwice   = 2.2
)

func main() {
	persons := flag.Int("persons", barPersons, "persons, with about twelve steps each in half a year")
	twice := flag.Bool("twice", true, "ask twice as many persons too")
	only := flag.String("only", "", "one analysis alone")
	python := flag.String("duckdb", "", "a Python with DuckDB, to compare with: .venv-duckdb/bin/python")
	profile := flag.String("cpuprofile", "", "a file for a profile of what is asked")
	flag.Parse()
	if err := run(context.Background(), *persons, *twice, *only, *python, *profile); err != nil {
		fmt.Fprintln(os.Stderr, "asking:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, persons int, twice bool, only, python, profile string) error {
	s, err := newShop(ctx, persons)
	if err != nil {
		return err
	}
	if profile != "" {
		file, err := os.Create(profile)
		if err != nil {
			return err
		}
		if err := pprof.StartCPUProfile(file); err != nil {
			return err
		}
	}
	rows := s.rows
	once, err := s.all(ctx, only)
	pprof.StopCPUProfile()
	if err != nil {
		return err
	}
	if python != "" {
		if err := s.against(ctx, python); err != nil {
			return err
		}
	}
	var both map[string]cost
	if twice {
		if s, err = newShop(ctx, 2*persons); err == nil {
			both, err = s.all(ctx, only)
		}
		if err != nil {
			return err
		}
	}
	return report(persons, rows, once, both)
}

// cost is what one question took.
type cost struct {
	cpu   time.Duration
	alive uint64 // at most at a time, beyond what was there before
}

// report prints a table, and fails where a bar is missed.
func report(persons, rows int, once, twice map[string]cost) error {
	fmt.Printf("\n%-14s %8s %8s %8s %8s\n", "analysis", "CPU s", "alive MB", "twice s", "times")
	var missed []string
	for _, q := range questions() {
		c, found := once[q.name]
		if !found {
			continue
		}
		line := fmt.Sprintf("%-14s %8.2f %8d", q.name, c.cpu.Seconds(), c.alive>>20)
		if t, found := twice[q.name]; found {
			times := t.cpu.Seconds() / c.cpu.Seconds()
			line += fmt.Sprintf(" %8.2f %8.2f", t.cpu.Seconds(), times)
			if times > barTwice {
				missed = append(missed, fmt.Sprintf("%s takes %.2f times as long for twice the persons", q.name, times))
			}
		}
		fmt.Println(line)
		if persons == barPersons && (c.cpu > barCPU*time.Duration(rows)/1_000_000 || c.alive > barMemory) {
			missed = append(missed, fmt.Sprintf("%s takes %.2f s and %d MB", q.name, c.cpu.Seconds(), c.alive>>20))
		}
	}
	if len(missed) > 0 {
		return fmt.Errorf("%q", missed)
	}
	return nil
}

// shop is a workspace whose steps lie in objects.
type shop struct {
	workspace workspace.Workspace
	bucket    *memory.Bucket
	steps     *steps.Table
	analyser  *analyse.Analyser
	rows      int
}

// chunk is how many persons are made at a time.
const chunk = 20_000

func newShop(ctx context.Context, persons int) (*shop, error) {
	w, err := workspace.New("shop", "UTC", "EUR", "default")
	if err != nil {
		return nil, err
	}
	definitions, err := model.Metrics()
	if err != nil {
		return nil, err
	}
	table := memory.NewTable()
	s := &shop{workspace: w, bucket: memory.NewBucket()}
	s.steps = steps.New(s.bucket)
	s.analyser = &analyse.Analyser{
		Steps: s.steps, Documents: table, Windows: table, Ledger: table, Rules: model.Rules, Definitions: definitions, Analyses: analyse.Analyses(),
		Now: func() time.Time { return analysistest.End }, MaxSteps: analyse.MaxSteps,
	}
	for kind, text := range documents {
		if err := table.PutDocument(ctx, w.Name, workspace.Document{Kind: kind, Text: text}); err != nil {
			return nil, err
		}
	}
	for made := 0; made < persons; made += chunk {
		if err := s.put(ctx, made/chunk, min(chunk, persons-made)); err != nil {
			return nil, err
		}
	}
	days, err := s.steps.Days(ctx, w.Namespace())
	for _, day := range days { // as rollup leaves a day that is over
		if err == nil {
			err = s.steps.CompactSteps(ctx, w.Namespace(), day.Key)
		}
	}
	fmt.Printf("%d persons with %d steps, made in %.1f s of CPU\n", persons, s.rows, usage.CPU().Seconds())
	return s, err
}

// put stores some persons' steps, day by day.
func (s *shop) put(ctx context.Context, number, persons int) error {
	days := map[string]*ledger.Day{}
	for _, life := range analysistest.Lives(uint64(number), persons) {
		for _, r := range life {
			r.Person = event.Identifier(fmt.Sprintf("%s-%d", r.Person, number))
			if r.Order != nil {
				r.Order.ID = fmt.Sprintf("%s-%d", r.Order.ID, number)
			}
			key := r.At.Day()
			if days[key] == nil {
				days[key] = &ledger.Day{Key: key}
			}
			d := days[key]
			if n := len(d.Persons); n == 0 || d.Persons[n-1] != r.Person {
				d.Persons = append(d.Persons, r.Person)
			}
			d.Rows = append(d.Rows, r)
			s.rows++
		}
	}
	for _, d := range days {
		if err := s.steps.PutSteps(ctx, s.workspace.Namespace(), int64(number+1), *d); err != nil {
			return err
		}
	}
	return nil
}

// documents are settled, so that each analysis has something to count.
var documents = map[string]string{
	"experiments": `{"experiments":[{"id":"button","variants":[{"id":"a","weight":1},{"id":"b","weight":1}],"from":"2026-01-01","to":"2026-07-01","metric":{"event":"Order Completed"}}]}`,
	"objectives":  `{"objectives":[{"name":"orders","metric":"orders","target":100000,"direction":"at_least","from":"2026-01-01","to":"2026-07-01","owner":"shop"}]}`,
	"costs":       `{"costs":[{"channel":"paid_search","from":"2026-01-01","to":"2026-07-01","amount":"10000.00"}]}`,
}

// question is one of each analysis, over all that there is.
type question struct{ name, more string }

func questions() []question {
	more := map[string]string{
		"funnel": "step=Product+Viewed&step=Product+Added&step=order&by=channel", "retention": "revenue=net&by=country",
		"lifecycle": "by=channel", "paths": "start=Product+Viewed", "acquisition": "by=campaign",
	}
	var out []question
	for _, a := range analyse.Analyses() {
		out = append(out, question{a.Name, more[a.Name]})
	}
	return out
}

// ask asks an analysis about the whole half year.
func (s *shop) ask(ctx context.Context, name, more string) (answer analyse.Answer, c cost, err error) {
	said, err := url.ParseQuery("from=2026-01-01&to=2026-07-01&" + more)
	if err != nil {
		return answer, c, err
	}
	runtime.GC()
	before, stop := usage.Alive(), usage.Watch()
	began := usage.CPU()
	answer, err = s.analyser.Answer(ctx, s.workspace, name, said)
	if err == nil {
		_, err = json.Marshal(answer)
	}
	c.cpu, c.alive = usage.CPU()-began, stop()-before
	return answer, c, err
}

func (s *shop) all(ctx context.Context, only string) (map[string]cost, error) {
	out := map[string]cost{}
	for _, q := range questions() {
		if only != "" && only != q.name {
			continue
		}
		answer, c, err := s.ask(ctx, q.name, q.more)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", q.name, err)
		}
		rows := 0
		for _, t := range answer.Tables {
			rows += len(t.Rows)
		}
		fmt.Printf("%-14s %8.2f s %5d MB, %8d steps, %6d rows\n", q.name, c.cpu.Seconds(), c.alive>>20, answer.Steps, rows)
		out[q.name] = c
	}
	return out, nil
}

// column adds up a column of a table, by the texts of others.
func column(answer analyse.Answer, table, name string, keys ...string) map[string]float64 {
	out := map[string]float64{}
	for _, t := range answer.Tables {
		if t.Name != table {
			continue
		}
		at := map[string]int{}
		for i, c := range t.Columns {
			at[c.Name] = i
		}
		for _, row := range t.Rows {
			key := ""
			for _, k := range keys {
				key += row[at[k]].String() + " "
			}
			f, _ := row[at[name]].Float()
			out[key] += f
		}
	}
	return out
}
