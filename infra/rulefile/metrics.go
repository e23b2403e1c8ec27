package rulefile

import (
	"io/fs"

	"waymark/shared/domain/kpi"
	"waymark/shared/domain/measure"
)

// metricsFile is the shape of metrics.yaml; its head says what the fields mean.
type metricsFile struct {
	Version    int                        `yaml:"version"`
	Dimensions map[string][]kpi.Dimension `yaml:"dimensions"` // lists that metrics refer to
	Measures   []struct {
		Name        measure.Name    `yaml:"name"`
		Sum         measure.Counter `yaml:"sum"`
		Persons     measure.Counter `yaml:"persons"`
		AtLeast     int64           `yaml:"at_least"`
		Staying     bool            `yaml:"staying"`
		PerCurrency bool            `yaml:"per_currency"`
		Amount      measure.Amount  `yaml:"amount"`
		Product     [2]measure.Name `yaml:"-"` // which package kpi makes of metrics
		Since       int             `yaml:"since"`
	} `yaml:"measures"`
	Metrics []struct {
		Name         kpi.Name        `yaml:"name"`
		Unit         kpi.Unit        `yaml:"unit"`
		Sentence     string          `yaml:"sentence"`
		Numerator    measure.Name    `yaml:"numerator"`
		Denominator  measure.Name    `yaml:"denominator"`
		N            measure.Name    `yaml:"n"`
		Interval     kpi.Method      `yaml:"interval"`
		IsShare      bool            `yaml:"is_share"`
		WhereCounted bool            `yaml:"where_counted"`
		Good         kpi.Good        `yaml:"good"`
		Dimensions   []kpi.Dimension `yaml:"dimensions"`
		Since        int             `yaml:"since"`
	} `yaml:"metrics"`
}

// Metrics reads the measures and metrics, metrics.yaml. It does not judge them, which kpi.New does.
func Metrics(files fs.FS) (kpi.Config, error) {
	var file metricsFile
	if err := decodeFile(files, "metrics.yaml", &file); err != nil {
		return kpi.Config{}, err
	}
	measures := make([]measure.Definition, len(file.Measures))
	for i, m := range file.Measures {
		measures[i] = measure.Definition(m)
	}
	metrics := make([]kpi.Metric, len(file.Metrics))
	for i, m := range file.Metrics {
		metrics[i] = kpi.Metric(m)
	}
	return kpi.Config{Version: file.Version, Measures: measures, Metrics: metrics}, nil
}
