package cost

import (
	"fmt"
	"maps"
	"math/big"
	"slices"

	"waymark/infra/cost/bill"
)

// knob is a setting and what it would save of the usage of a million touchpoints, computed from the same counts.
type knob struct {
	what  string
	saves bill.Usage
}

// knobs lists what could be set otherwise. What they save cannot be added up: two of them may save the same.
func knobs(m Measured) []knob {
	ingest, scheduled := m.Ingest.PerMillion(), m.Schedules.PerMillion()
	all := m.PerMillion()
	half := big.NewRat(1, 2)
	list := []knob{
		{"a Function URL in the place of the HTTP API", ofKinds(all, bill.HTTPRequest, bill.LogAccess)},
		{"ApplicationLogLevel WARN", ofKinds(all, bill.LogInfo)},
		{"SystemLogLevel WARN", ofKinds(all, bill.LogPlatform)},
	}
	for _, function := range functionsWith(ingest, bill.SQSReceive) {
		// What does not grow with the number of messages in a batch. AWS receives ten at a time, however large the
		// batch is.
		batch := ofKinds(ingest, bill.LambdaRequest, bill.LogPlatform, bill.LogInfo, bill.S3Put)
		list = append(list, knob{
			fmt.Sprintf("%s: batches of twice as many messages", function),
			of(batch, function).Times(half),
		})
	}
	for _, function := range functionsWith(scheduled, bill.Firing) {
		list = append(list, knob{fmt.Sprintf("%s: schedules half as often", function), of(scheduled, function).Times(half)})
	}
	return slices.DeleteFunc(list, func(k knob) bool { return len(k.saves) == 0 })
}

func ofKinds(u bill.Usage, kinds ...bill.Kind) bill.Usage {
	return u.Where(func(l bill.Line) bool { return slices.Contains(kinds, l.Kind) })
}

func of(u bill.Usage, function string) bill.Usage {
	return u.Where(func(l bill.Line) bool { return l.Function == function })
}

// functionsWith lists who uses a kind.
func functionsWith(u bill.Usage, kind bill.Kind) []string {
	found := map[string]bool{}
	for l := range u {
		if l.Kind == kind {
			found[l.Function] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}
