// Package cost measures what Waymark costs on AWS: it plays fixed, seeded traffic through the laptop cloud, with the
// real function binaries and the queues, schedules and settings of template.yaml, counts every billed unit at the
// boundary (package meter) and prices it by a dated list (prices.yaml). It does not know what the functions do, so
// that any change of theirs shows.
//
//	figures, err := cost.Measure(ctx, cost.Config{
//		Root: ".", Data: ".waymark/cost", Profiles: profiles, Touchpoints: 10_000, Idle: true, Now: time.Now,
//	})
//	fmt.Print(cost.Report(figures, prices, committed))
//
// The model of a profile has two sections. Ingest is what requests and their queue messages cause, on a moment of a
// busy site where batches fill, or at the pace of the day for a quiet one. Schedules is what the schedules of a day
// cause on a site that has so many touchpoints a day.
package cost

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"math/big"
	"path/filepath"
	"sync"
	"time"

	"waymark/infra/cost/bill"
	"waymark/infra/cost/traffic"
)

//go:embed prices.yaml
var priceList []byte

// Prices is the price list of this version.
func Prices() (bill.Prices, error) { return bill.ParsePrices(priceList) }

// Config says what to measure.
type Config struct {
	Root        string // of the project
	Data        string // directory for binaries and logs; it may be used again
	Profiles    []traffic.Profile
	Touchpoints int  // of each section of a profile, at most; fewer than a day has are the first part of the day
	Idle        bool // measure what it costs when nothing happens
	AtOnce      int  // profiles at a time; 1 if 0
	Now         func() time.Time
	Progress    func(profile, text string)
}

// Figures are what was measured.
type Figures struct {
	Touchpoints int // of a day, at most
	Profiles    []Measured
	Idle        bill.Usage // of a month without traffic; nil if it was not measured
}

// Measured is one profile.
type Measured struct {
	Profile   traffic.Profile
	Ingest    Section
	Schedules Section
}

// Section is what some touchpoints used.
type Section struct {
	Touchpoints int
	Usage       bill.Usage
}

// PerMillion is the usage of a million touchpoints.
func (s Section) PerMillion() bill.Usage {
	if s.Touchpoints == 0 {
		return bill.Usage{}
	}
	return s.Usage.Times(big.NewRat(1_000_000, int64(s.Touchpoints)))
}

// PerMillion is the usage of a million touchpoints in both sections.
func (m Measured) PerMillion() bill.Usage {
	return m.Ingest.PerMillion().Plus(m.Schedules.PerMillion())
}

// A busy moment is steady, so it need not be as long as a day: it has so many touchpoints at most, or so many
// requests if these are more.
const (
	momentTouchpoints = 2_500
	momentRequests    = 100
)

// idleName is the name of the measurement without traffic in progress and data directories.
const idleName = "idle"

// Measure plays the traffic. It needs Go, Node and the emulators, and some minutes.
func Measure(ctx context.Context, c Config) (Figures, error) {
	if c.Progress == nil {
		c.Progress = func(string, string) {}
	}
	figures := Figures{Touchpoints: c.Touchpoints, Profiles: make([]Measured, len(c.Profiles))}
	var jobs []func(data string) error
	for i, p := range c.Profiles {
		jobs = append(jobs, func(data string) (err error) {
			figures.Profiles[i], err = c.measure(ctx, p, data)
			return err
		})
	}
	if c.Idle {
		jobs = append(jobs, func(data string) (err error) {
			figures.Idle, err = c.measureIdle(ctx, data)
			return err
		})
	}
	return figures, c.run(jobs)
}

// run runs so many jobs at a time, each worker in a directory of its own.
func (c Config) run(jobs []func(data string) error) error {
	next := make(chan func(string) error, len(jobs))
	for _, job := range jobs {
		next <- job
	}
	close(next)
	errs := make([]error, max(c.AtOnce, 1))
	var group sync.WaitGroup
	for worker := range errs {
		group.Go(func() {
			for job := range next {
				errs[worker] = errors.Join(errs[worker], job(filepath.Join(c.Data, fmt.Sprint(worker))))
			}
		})
	}
	group.Wait()
	return errors.Join(errs...)
}

// measure plays one profile: the day, and then the moment of a busy site.
func (c Config) measure(ctx context.Context, p traffic.Profile, data string) (m Measured, err error) {
	s, err := c.start(ctx, p.Name, data)
	if err != nil {
		return Measured{}, fmt.Errorf("start %s: %w", p.Name, err)
	}
	defer func() { err = errors.Join(err, s.close()) }()
	touchpoints := min(c.Touchpoints, p.PerDay)
	requests, end := p.Day(s.day, touchpoints)
	m = Measured{Profile: p}
	day := newDay(s, p, end)
	if err := day.play(ctx, requests); err != nil {
		return m, fmt.Errorf("play a day of %s: %w", p.Name, err)
	}
	m.Schedules = Section{touchpoints, day.scheduled.Usage()}
	for _, rare := range day.rare {
		m.Schedules.Usage = m.Schedules.Usage.Plus(rare)
	}
	m.Ingest = Section{touchpoints, day.ingest.Usage()}
	if p.BusyPerSecond > 0 {
		n := min(touchpoints, max(momentTouchpoints, int(momentRequests*p.EventsPerRequest)))
		moment := p.Moment(s.day.Add(dayLength), n) // after the day, for the clock of the functions cannot go back
		requests = append(requests, moment...)
		var ledger bill.Ledger
		if err := s.playMoment(ctx, p, moment, &ledger); err != nil {
			return m, fmt.Errorf("play a moment of %s: %w", p.Name, err)
		}
		m.Ingest = Section{n, ledger.Usage()}
	}
	return m, s.check(ctx, requests)
}
