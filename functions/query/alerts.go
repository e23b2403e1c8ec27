package query

import (
	"encoding/json"
	"fmt"
	"slices"

	"waymark/shared/domain/burst"
	"waymark/shared/domain/ledger"
)

// alertAnswer is a burst of new persons, see package burst.
type alertAnswer struct {
	ID      string      `json:"id"`
	Kind    string      `json:"kind"` // new_persons
	Source  string      `json:"source"`
	From    string      `json:"from"` // of receipt
	To      string      `json:"to"`   // not part of it
	Persons int64       `json:"persons"`
	Usual   int64       `json:"usual_persons"`
	PerMin  json.Number `json:"persons_per_minute"`
	UsualPM json.Number `json:"usual_persons_per_minute"`
	Raised  string      `json:"raised"`
	Closed  *string     `json:"closed"` // null while it lasts
	Command string      `json:"command"`
}

// alerts lists those that are asked for, the newest first.
func alerts(state ledger.State, isAsked func(burst.Alert) bool) []alertAnswer {
	out := []alertAnswer{}
	for _, a := range slices.Backward(state.Alerts) {
		if !isAsked(a) {
			continue
		}
		answer := alertAnswer{ID: a.ID(), Kind: "new_persons", Source: a.Source, From: instant(a.From), To: instant(a.To), Raised: instant(a.Raised), Command: a.Command()}
		answer.Persons, answer.Usual = a.Persons()
		answer.PerMin, answer.UsualPM = aMinute(answer.Persons, a.Minutes()), aMinute(answer.Usual, int64(len(a.Hours))*60)
		if a.Closed != 0 {
			closed := instant(a.Closed)
			answer.Closed = &closed
		}
		out = append(out, answer)
	}
	return out
}

// aMinute is a rate with two decimals.
func aMinute(n, minutes int64) json.Number {
	hundredths := (200*n + minutes) / (2 * minutes)
	return json.Number(fmt.Sprintf("%d.%02d", hundredths/100, hundredths%100))
}
