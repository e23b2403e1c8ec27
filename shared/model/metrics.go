package model

import (
	"sync"

	"waymark/shared/domain/kpi"
)

// Metrics gives the built-in measures and metrics. The error means that the built-in file is broken.
func Metrics() (*kpi.Definitions, error) { return metrics() }

var metrics = sync.OnceValues(func() (*kpi.Definitions, error) { return kpi.New(metricConfig()) })
