package journeymap

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"waymark/shared/domain/analysis"
	"waymark/shared/domain/event"
	"waymark/shared/domain/feedback"
)

// allValues stands for all values of the map's columns together.
const allValues = "all"

// otherValues stands for those that have no column of their own.
const otherValues = "(other)"

// column is the name of the map's columns: channel, or that of `by`.
func (m *chart) column() analysis.Column {
	return analysis.Column{
		Name: strings.ReplaceAll(m.dimensions[0].Name, ".", "_"), Unit: analysis.Text,
		Sentence: "of the step that enters the stage, of texts their own; " + allValues + " is the whole stage",
	}
}

func stageColumn() analysis.Column {
	return analysis.Column{Name: "stage", Unit: analysis.Text, Sentence: "in the order of the workspace's model"}
}

func (at key) words() []analysis.Value {
	value := at.value
	if at.isAll {
		value = allValues
	}
	return []analysis.Value{analysis.Word(at.stage), analysis.Word(value)}
}

// keys lists the cells of the map in the order of stages, each whole stage before its columns.
func (m *chart) keys() []key {
	var out []key
	names := slices.Clone(m.names)
	if m.cells[key{stage: analysis.Unknown, isAll: true}] != nil && !slices.Contains(names, analysis.Unknown) {
		names = append(names, analysis.Unknown)
	}
	for _, name := range names {
		out = append(append(out, key{stage: name, isAll: true}), m.values(name, 0)...)
	}
	return out
}

func (m *chart) at(at key) *cell {
	if c := m.cells[at]; c != nil {
		return c
	}
	return newCell()
}

func (m *chart) mapTable() analysis.Table {
	out := analysis.Table{
		Name: "map",
		Sentence: "A row for each stage, and for each " + m.dimensions[0].Name + " of its stays. Visits, ongoing stays and texts of a stage add up to its row " + allValues +
			"; persons may be in several rows. persons = converted + open + lost, where the stage has a later one.",
		Columns: []analysis.Column{
			stageColumn(), m.column(),
			{Name: "persons", Unit: analysis.Persons, Sentence: "who entered the stage in the period"},
			{Name: "visits", Unit: analysis.Counts, Sentence: "stays that begin in the period; of a whole stage the KPI stage_entries"},
			{Name: "repeated", Unit: analysis.Persons, Sentence: "of the persons, who entered it here more than once"},
			{Name: "converted", Unit: analysis.Persons, Sentence: "who entered a later stage within the window"},
			{Name: "open", Unit: analysis.Persons, Sentence: "who have not, and whose window is not over"},
			{Name: "lost", Unit: analysis.Persons, Sentence: "who have not, and no longer can"},
			{Name: "conversion", Unit: analysis.Ratio, Sentence: "converted, of the persons all of whose windows are over: conversion_decided of the funnel"},
			{Name: "drop_off", Unit: analysis.Ratio, Sentence: "lost, of the same persons"},
			{Name: "dwell_median", Unit: analysis.Seconds, Sentence: "of stays that ended: half of them are not longer"},
			{Name: "dwell_p90", Unit: analysis.Seconds, Sentence: "nine in ten of them are not longer"},
			{Name: "ongoing", Unit: analysis.Counts, Sentence: "stays that have not ended as far as is known or read, the end of the window after the period; they are in no dwell"},
			{Name: "errors", Unit: analysis.Ratio, Sentence: "persons with an event of trouble in a stay here, of all"},
			{Name: "texts", Unit: analysis.Counts, Sentence: "that persons wrote in the period in this stage"},
			{Name: "sentiment", Unit: analysis.Score, Sentence: "mean compound of the scored ones, as in the analysis sentiment, with its interval and number"},
			{Name: "funnel", Unit: analysis.Text, Sentence: "the question of the analysis funnel, over the same period, that counts the same persons"},
		},
	}
	for _, at := range m.keys() {
		c := m.at(at)
		row := append(at.words(), analysis.Count(c.persons), analysis.Count(c.visits), analysis.Count(c.repeated))
		if m.goesOn(at.stage) {
			row = append(row, analysis.Count(c.converted), analysis.Count(c.open), analysis.Count(c.persons-c.converted-c.open),
				analysis.Rate(c.decidedConverted, c.decided), analysis.Rate(c.decided-c.decidedConverted, c.decided))
		} else {
			row = append(row, analysis.None(), analysis.None(), analysis.None(), analysis.None(), analysis.None())
		}
		out.Row(append(row, feedback.Quantile(c.seconds, 50), feedback.Quantile(c.seconds, 90), analysis.Count(c.ongoing), analysis.Rate(c.errors, c.persons),
			analysis.Count(c.texts), c.scores.Estimate(feedback.Unit, 4), analysis.Word(m.funnel(at)))...)
	}
	return out
}

// inQuery escapes what would end a parameter of an address, or be read otherwise there. All else stays as people read it.
var inQuery = strings.NewReplacer("%", "%25", "&", "%26", "+", "%2B", ";", "%3B", "#", "%23")

// funnel is the question of package funnel that counts the persons of a cell; "" where no later stage is, and of other values, which no step of a funnel names.
func (m *chart) funnel(at key) string {
	later := m.later(at.stage)
	if isOther := at.value == otherValues && m.shown[at.by] != nil; len(later) == 0 || isOther {
		return ""
	}
	for i, name := range later {
		later[i] = quoted(name)
	}
	first := "stage:" + quoted(at.stage)
	if !at.isAll {
		first += "[" + quoted(m.dimensions[at.by].Name) + ":" + quoted(at.value) + "]"
	}
	return fmt.Sprintf("step=%s&step=stage:%s&window=%s", inQuery.Replace(first), inQuery.Replace(strings.Join(later, "|")), analysis.LengthOf(length(m.window)))
}

// quoted is a value as the steps of a funnel take it.
func quoted(value string) string {
	var out strings.Builder
	for i := range len(value) {
		if strings.IndexByte(`\[]|?*:=<>^!`, value[i]) >= 0 || value[i] == ' ' && (i == 0 || i == len(value)-1) {
			out.WriteByte('\\')
		}
		out.WriteByte(value[i])
	}
	return out.String()
}

func (m *chart) flowTable() analysis.Table {
	out := analysis.Table{
		Name: "flows",
		Sentence: "Where the stays of the period lead. Rows of a stage add up to its visits. " + start + " is of persons who were in no stage before; " + ongoing +
			" of stays that have not ended.",
		Columns: []analysis.Column{
			{Name: "from_stage", Unit: analysis.Text, Sentence: "of the stay"},
			{Name: "to_stage", Unit: analysis.Text, Sentence: "that the person was in next"},
			{Name: "visits", Unit: analysis.Counts, Sentence: "stays that lead there"},
			{Name: "persons", Unit: analysis.Persons, Sentence: "whose stays these are"},
			{Name: "share", Unit: analysis.Ratio, Sentence: "of the visits of the stage"},
		},
	}
	names := append([]string{start}, m.names...)
	for _, from := range names {
		var sum int64
		for at, f := range m.flows {
			if at.from == from {
				sum += f.visits
			}
		}
		for _, to := range append(slices.Clone(m.names), ongoing) {
			if f := m.flows[flow{from, to}]; f != nil {
				out.Row(analysis.Word(from), analysis.Word(to), analysis.Count(f.visits), analysis.Count(f.persons), analysis.Rate(f.visits, sum))
			}
		}
	}
	return out
}

func (m *chart) quoteTable() analysis.Table {
	out := analysis.Table{
		Name: "quotes", Sentence: "Scored texts of the cells, the shortest first and each text once in a cell, as they were kept: redacted when they came. All others are left out.",
		Columns: []analysis.Column{
			stageColumn(), m.column(),
			{Name: "text", Unit: analysis.Text, Sentence: "what the person said"},
			{Name: "compound", Unit: analysis.Score, Sentence: "its score, -1 to 1"},
			{Name: "words", Unit: analysis.Text, Sentence: "the words that made the score, each with what it adds"},
			{Name: "time", Unit: analysis.Time, Sentence: "of the step"},
		},
	}
	for _, at := range m.keys() {
		if at.isAll {
			continue
		}
		for _, q := range m.cells[at].quotes {
			out.Row(append(at.words(), analysis.Word(q.Words), analysis.Number(q.Compound, 4), analysis.Word(feedback.Reasons(q.Score)), analysis.Word(m.q.Instant(q.At)))...)
		}
	}
	return out
}

func (m *chart) notes() []string {
	var texts, scored, open int64
	for at, c := range m.cells {
		if at.isAll { // of which each text and person is in one
			texts, scored = texts+c.texts, scored+c.scores.N
			if m.goesOn(at.stage) {
				open += c.open
			}
		}
	}
	notes := []string{fmt.Sprintf("%d of %d texts are scored; the analysis sentiment says why the others are not.", scored, texts)}
	if open > 0 {
		notes = append(notes, fmt.Sprintf("In %d cases a person may still go on from a stage; conversion and drop-off are of persons whose windows are over.", open))
	}
	if m.guess {
		notes = append(notes, "Nobody said the order of the stages: they are in the order in which persons first reach them.")
	}
	if m.shown[0] != nil {
		notes = append(notes, fmt.Sprintf("Only the %d most frequent values of %s have rows of their own; all others are in %s.", mostValues, m.dimensions[0].Name, otherValues))
	}
	return notes
}

func length(of event.Millis) time.Duration { return time.Duration(of) * time.Millisecond }
