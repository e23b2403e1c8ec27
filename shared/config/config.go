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
	"log/slog"
	"reflect"

	"waymark/shared/domain/fault"
)

// Collect is what the collect function needs.
type Collect struct {
	Table    string     `env:"TABLE_NAME"`
	QueueURL string     `env:"QUEUE_URL"`
	LogLevel slog.Level `env:"LOG_LEVEL" default:"INFO"`
}

// Process is what the process function needs.
type Process struct {
	Table         string     `env:"TABLE_NAME"`
	ArchiveBucket string     `env:"ARCHIVE_BUCKET"`
	LogLevel      slog.Level `env:"LOG_LEVEL" default:"INFO"`
}

// Rollup is what the rollup function needs.
type Rollup struct {
	Table         string     `env:"TABLE_NAME"`
	ArchiveBucket string     `env:"ARCHIVE_BUCKET"`
	LogLevel      slog.Level `env:"LOG_LEVEL" default:"INFO"`
}

// Export is what the export function needs.
type Export struct {
	Table        string     `env:"TABLE_NAME"`
	ExportBucket string     `env:"EXPORT_BUCKET"`
	LogLevel     slog.Level `env:"LOG_LEVEL" default:"INFO"`
}

// Query is what the query function needs.
type Query struct {
	Table              string     `env:"TABLE_NAME"`
	ExportBucket       string     `env:"EXPORT_BUCKET"`
	ArchiveBucket      string     `env:"ARCHIVE_BUCKET"`
	QueueURL           string     `env:"QUEUE_URL"`
	DeadLetterQueueURL string     `env:"DEAD_LETTER_QUEUE_URL"`
	LogLevel           slog.Level `env:"LOG_LEVEL" default:"INFO"`
}

// Load fills the settings of one function. Each field has the tag env with the variable's name; one without the tag default must be set. The
// error joins a fault.Invalid for every variable that is missing or malformed. A field of a type that Load does not know is a programmer's
// mistake and panics.
func Load[T any](getenv func(string) string) (T, error) {
	var settings T
	var faults []error
	into := reflect.ValueOf(&settings).Elem()
	for i := range into.NumField() {
		tag := into.Type().Field(i).Tag
		name := tag.Get("env")
		value := getenv(name)
		if value == "" {
			value = tag.Get("default")
		}
		if err := set(into.Field(i).Addr().Interface(), name, value); err != nil {
			faults = append(faults, err)
		}
	}
	return settings, errors.Join(faults...)
}

func set(field any, name, value string) error {
	if value == "" {
		return fault.Newf(fault.Invalid, "missing_setting", "the environment variable %s is not set; template.yaml gives it to the function", name).At(name)
	}
	switch field := field.(type) {
	case *string:
		*field = value
	case *slog.Level:
		if err := field.UnmarshalText([]byte(value)); err != nil {
			return fault.Newf(fault.Invalid, "bad_setting", "the environment variable %s is %q; use DEBUG, INFO, WARN or ERROR", name, value).At(name)
		}
	default:
		panic("config: no reader for the type of " + name)
	}
	return nil
}
