// Package traffic makes the requests that Waymark's bill is measured with: seeded, so that the same profile is the
// same traffic in each run. It sends nothing and knows no price.
//
//	profiles, err := traffic.Profiles()
//	requests := profiles[0].Day(start, 10_000)
package traffic

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"regexp"

	"go.yaml.in/yaml/v3"
)

//go:embed profiles.yaml
var profiles []byte

// Profile says what the traffic of a site is like; profiles.yaml explains the fields.
type Profile struct {
	Name             string     `yaml:"name"`
	Title            string     `yaml:"title"`
	PerDay           int        `yaml:"touchpoints_per_day"`
	BusyPerSecond    float64    `yaml:"busy_requests_per_second"`
	MessagesPerBatch int        `yaml:"messages_per_batch"`
	EventsPerVisit   float64    `yaml:"events_per_visit"`
	EventsPerRequest float64    `yaml:"events_per_request"`
	NewVisitors      float64    `yaml:"new_visitors_percent"`
	Identify         float64    `yaml:"identify_percent"`
	Orders           float64    `yaml:"order_percent"`
	Retries          float64    `yaml:"retry_percent"`
	PauseSeconds     [2]float64 `yaml:"pause_seconds"`
	ServerUsers      int        `yaml:"server_users"`
}

// Profiles are those that every version of Waymark is measured with.
func Profiles() ([]Profile, error) {
	var file struct {
		Profiles []Profile `yaml:"profiles"`
	}
	decoder := yaml.NewDecoder(bytes.NewReader(profiles))
	decoder.KnownFields(true)
	if err := decoder.Decode(&file); err != nil {
		return nil, fmt.Errorf("read profiles.yaml: %w", err)
	}
	var errs []error
	for _, p := range file.Profiles {
		errs = append(errs, p.check())
	}
	return file.Profiles, errors.Join(errs...)
}

// Parse reads a file with one profile.
func Parse(file []byte) (Profile, error) {
	p := Profile{Name: "mine", Title: "your own traffic"}
	decoder := yaml.NewDecoder(bytes.NewReader(file))
	decoder.KnownFields(true)
	if err := decoder.Decode(&p); err != nil {
		return Profile{}, fmt.Errorf("read traffic: %w", err)
	}
	return p, p.check()
}

var nameForm = regexp.MustCompile(`^[a-z][a-z0-9-]*$`)

// mostPerRequest is how many events Waymark takes in one request, and most is a bound against slips of the pen.
const (
	mostPerRequest = 500
	most           = 1_000_000_000
)

// check gathers everything that is wrong with a profile.
func (p Profile) check() error {
	var errs []error
	require := func(holds bool, text string) {
		if !holds {
			errs = append(errs, fmt.Errorf("traffic %q: %s", p.Name, text))
		}
	}
	require(nameForm.MatchString(p.Name), "its name must be small letters, digits and hyphens")
	require(p.PerDay >= 1 && p.PerDay <= most, "touchpoints_per_day must be 1 or more")
	require(p.BusyPerSecond >= 0 && p.BusyPerSecond <= most, "busy_requests_per_second must be 0 or more")
	require(p.MessagesPerBatch >= 0 && p.MessagesPerBatch <= 10_000, "messages_per_batch must be 0 to 10000")
	require(p.EventsPerRequest >= 1 && p.EventsPerRequest <= mostPerRequest,
		fmt.Sprintf("events_per_request must be 1 to %d", mostPerRequest))
	for name, percent := range map[string]float64{
		"new_visitors_percent": p.NewVisitors, "identify_percent": p.Identify, "order_percent": p.Orders,
		"retry_percent": p.Retries,
	} {
		require(percent >= 0 && percent <= 100, name+" must be 0 to 100")
	}
	require(p.ServerUsers >= 0 && p.ServerUsers <= most, "server_users must be 0 or more")
	if p.ServerUsers == 0 {
		require(p.EventsPerVisit >= p.EventsPerRequest && p.EventsPerVisit <= 1000,
			"events_per_visit must be at least events_per_request, and 1000 at most")
		for _, pause := range p.PauseSeconds {
			require(pause > 0 && pause <= 1000, "pause_seconds must be two means above 0, such as [6, 60]")
		}
	}
	return errors.Join(errs...)
}
