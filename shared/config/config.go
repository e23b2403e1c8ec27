// Package config reads the settings of a function from its environment into a typed struct, once, in main. All faults are reported at once,
// so that a start that fails tells everything that is missing.
//
// It is not for business rules, which are data in package model, and it opens nothing: addresses and credentials of AWS are read by the
// adapters that use them.
//
//	settings, err := config.Load[config.Collect](os.Getenv)
package config

import (
	"errors"
	"reflect"
	"strconv"
	"strings"

	"waymark/shared/domain/fault"
	"waymark/shared/domain/workspace"
)

// Collect is what the collect function needs.
type Collect struct {
	Table    string `env:"TABLE_NAME"`
	QueueURL string `env:"QUEUE_URL"`
	// AddressRate is how many requests a second one instance lets through from one address with one key; 0 = no limit.
	AddressRate int `env:"ADDRESS_REQUESTS_PER_SECOND"`
	// EdgeProof is what the edge sends along, so that it is believed whose request it brings.
	EdgeProof string `env:"EDGE_PROOF"`
	// GeoDatabase is a file of countries by address.
	GeoDatabase string `env:"GEO_DATABASE,optional"`
}

// Process is what the process function needs.
type Process struct {
	Table string              `env:"TABLE_NAME"`
	Debug workspace.DebugMode `env:"DEBUG_EVENTS"`
}

// Profile is what the profile function needs.
type Profile struct {
	Table         string `env:"TABLE_NAME"`
	ArchiveBucket string `env:"ARCHIVE_BUCKET"`
}

// Rollup is what the rollup function needs.
type Rollup struct {
	Table         string `env:"TABLE_NAME"`
	ArchiveBucket string `env:"ARCHIVE_BUCKET"`
}

// Export is what the export function needs.
type Export struct {
	Table        string `env:"TABLE_NAME"`
	ExportBucket string `env:"EXPORT_BUCKET"`
}

// Query is what the query function needs.
type Query struct {
	Table              string              `env:"TABLE_NAME"`
	ExportBucket       string              `env:"EXPORT_BUCKET"`
	ArchiveBucket      string              `env:"ARCHIVE_BUCKET"`
	QueueURL           string              `env:"QUEUE_URL"`
	DeadLetterQueueURL string              `env:"DEAD_LETTER_QUEUE_URL"`
	Debug              workspace.DebugMode `env:"DEBUG_EVENTS"`
	ShowKeys           string              `env:"SHOW_KEYS,optional"` // that the page at / may show to everybody
}

// Analyse is what the analyse function needs.
type Analyse struct {
	Table         string `env:"TABLE_NAME"`
	ArchiveBucket string `env:"ARCHIVE_BUCKET"`
}

// Load fills the settings of one function from the variables that its fields' tags name. All of them must be set that are not optional, and those
// of whole numbers be such numbers from 0: the error joins a fault.Invalid for every one that is not.
func Load[T any](getenv func(string) string) (T, error) {
	var settings T
	var faults []error
	into := reflect.ValueOf(&settings).Elem()
	for i := range into.NumField() {
		name, option, _ := strings.Cut(into.Type().Field(i).Tag.Get("env"), ",")
		value := getenv(name)
		if value == "" && option != "optional" {
			faults = append(faults, fault.Newf(fault.Invalid, "missing_setting",
				"the environment variable %s is not set; template.yaml gives it to the function", name).At(name))
		}
		if into.Field(i).Kind() == reflect.String {
			into.Field(i).SetString(value)
			continue
		}
		n, err := strconv.ParseUint(value, 10, 31)
		if value != "" && err != nil {
			faults = append(faults, fault.Newf(fault.Invalid, "bad_setting",
				"the environment variable %s is %q, and must be a whole number from 0", name, value).At(name))
		}
		into.Field(i).SetInt(int64(n))
	}
	return settings, errors.Join(faults...)
}
