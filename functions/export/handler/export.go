// Package handler writes KPI rows as files with a manifest, on a schedule or on demand. An export is complete or absent, and the same order
// twice makes one.
//
// It is a package of its own beside main so that the simulator runs the very code that Lambda runs. It opens nothing: main wires it.
package handler

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"waymark/shared/adapter/httpapi"
	"waymark/shared/domain/event"
	"waymark/shared/domain/fault"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/period"
	"waymark/shared/domain/report"
	"waymark/shared/domain/workspace"
)

// Config is what the handler needs. Every field must be set.
type Config struct {
	Workspaces Workspaces
	Windows    Windows
	Bucket     Bucket
	CSV        Writer
	Reader     httpapi.Authorise
	Now        func() time.Time
}

// Handler makes exports.
type Handler struct{ Config }

// New returns a handler.
func New(c Config) *Handler { return &Handler{c} }

// order is one export to be made: the windows of some grains in a span of time.
type order struct {
	schedule string
	name     string // without its revision
	grain    period.Grain
	grains   []period.Grain
	start    time.Time
	end      time.Time
}

// make writes the export unless the newest revision holds the same numbers already, and gives its manifest. The file is written first and the
// manifest last, so an export is complete or absent; the name follows from what it holds, so the same order twice makes one.
func (h *Handler) make(ctx context.Context, w workspace.Workspace, o order) (report.Manifest, error) {
	calendar, err := w.Calendar()
	if err != nil {
		return report.Manifest{}, fmt.Errorf("read time zone: %w", err)
	}
	windows, err := h.windows(ctx, w, calendar, o)
	if err != nil {
		return report.Manifest{}, err
	}
	var file bytes.Buffer
	rows, err := h.CSV(&file, report.Lines(w, calendar, windows))
	if err != nil {
		return report.Manifest{}, fmt.Errorf("write csv: %w", err)
	}
	sum := sha256.Sum256(file.Bytes())
	newest, err := h.newest(ctx, w.Name, o.name)
	if err != nil {
		return report.Manifest{}, err
	}
	if len(newest.Files) > 0 && newest.Files[0].SHA256 == hex.EncodeToString(sum[:]) {
		return newest, nil
	}
	m := report.Describe(w, calendar, windows)
	m.Revision = newest.Revision + 1
	m.Name = fmt.Sprintf("%s-r%d", o.name, m.Revision)
	m.Schedule, m.Grain, m.CreatedAt = o.schedule, o.grain, h.Now().UTC().Format(time.RFC3339)
	m.Start, m.End = calendar.Local(o.start).Format(time.RFC3339), calendar.Local(o.end).Format(time.RFC3339)
	m.Files = []report.File{{Name: m.Name + ".csv", Rows: rows, Bytes: int64(file.Len()), SHA256: hex.EncodeToString(sum[:])}}
	return m, h.store(ctx, m, file.Bytes())
}

func (h *Handler) store(ctx context.Context, m report.Manifest, csv []byte) error {
	if err := h.Bucket.Put(ctx, report.FileKey(m.Workspace, m.Files[0].Name), "text/csv; charset=utf-8", csv); err != nil {
		return fmt.Errorf("put %s: %w", m.Files[0].Name, err)
	}
	manifest, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return fmt.Errorf("encode manifest: %w", err)
	}
	if err := h.Bucket.Put(ctx, report.ManifestKey(m.Workspace, m.Name), "application/json", manifest); err != nil {
		return fmt.Errorf("put manifest of %s: %w", m.Name, err)
	}
	slog.InfoContext(ctx, "export made", "workspace", m.Workspace, "name", m.Name, "rows", m.Rows)
	return nil
}

func (h *Handler) windows(ctx context.Context, w workspace.Workspace, calendar period.Calendar, o order) ([]kpi.Window, error) {
	var out []kpi.Window
	for _, grain := range o.grains {
		spans := calendar.Between(grain, o.start, o.end)
		if len(spans) == 0 {
			continue
		}
		found, err := h.Windows.Windows(ctx, w.Space(), grain, spans[0].Key, spans[len(spans)-1].Key)
		if err != nil {
			return nil, fmt.Errorf("read %s windows: %w", grain, err)
		}
		out = append(out, found...)
	}
	return out, nil
}

// newest is the manifest of the highest revision of an export; the zero Manifest when there is none.
func (h *Handler) newest(ctx context.Context, ws, name string) (report.Manifest, error) {
	keys, err := h.Bucket.List(ctx, report.Prefix(ws)+name+"-r")
	if err != nil {
		return report.Manifest{}, fmt.Errorf("list exports: %w", err)
	}
	highest := 0
	for _, key := range keys {
		full, ok := report.NameOf(ws, key)
		if !ok {
			continue
		}
		if revision, err := strconv.Atoi(strings.TrimPrefix(full, name+"-r")); err == nil {
			highest = max(highest, revision)
		}
	}
	if highest == 0 {
		return report.Manifest{}, nil
	}
	text, err := h.Bucket.Get(ctx, report.ManifestKey(ws, fmt.Sprintf("%s-r%d", name, highest)))
	if err != nil {
		return report.Manifest{}, fmt.Errorf("read newest manifest: %w", err)
	}
	var m report.Manifest
	if err := json.Unmarshal(text, &m); err != nil {
		return report.Manifest{}, fmt.Errorf("decode newest manifest: %w", err)
	}
	return m, nil
}

// schedules says which windows each schedule exports: the named one, and those it is made of.
var schedules = map[string][]period.Grain{
	"daily": {period.Day, period.Hour}, "weekly": {period.Week, period.Day}, "monthly": {period.Month, period.Day},
}

// lookback is how many closed windows a firing looks at. One that waited for a rollup at its own firing is exported by a later one.
const lookback = 7

// scheduled exports the newest closed windows of a schedule for every workspace, each in its own time zone. One workspace that fails does not
// hold up the others.
func (h *Handler) scheduled(ctx context.Context, schedule string, now time.Time) ([]report.Manifest, error) {
	grains, known := schedules[schedule]
	if !known {
		return nil, unknownSchedule(schedule)
	}
	all, err := h.Workspaces.Workspaces(ctx)
	if err != nil {
		return nil, fmt.Errorf("list workspaces: %w", err)
	}
	made := []report.Manifest{}
	var failures []error
	for _, w := range all {
		exports, err := h.closed(ctx, w, schedule, grains, now)
		if err != nil {
			failures = append(failures, fmt.Errorf("export %s of workspace %s: %w", schedule, w.Name, err))
		}
		made = append(made, exports...)
	}
	return made, errors.Join(failures...)
}

func unknownSchedule(name string) error {
	return fault.Newf(fault.Invalid, "unknown_schedule", "schedule must be daily, weekly or monthly, not %q", name).At("schedule")
}

// closed exports the windows before the one that holds now, as far as they have none yet. A window that is still dirty waits, so that no export
// shows a half-computed period. It gives what it made, and the export of the newest window even if that was there.
func (h *Handler) closed(ctx context.Context, w workspace.Workspace, schedule string, grains []period.Grain, now time.Time) ([]report.Manifest, error) {
	calendar, err := w.Calendar()
	if err != nil {
		return nil, fmt.Errorf("read time zone: %w", err)
	}
	marks, err := h.Windows.Marks(ctx, w.Space(), event.At(now))
	if err != nil {
		return nil, fmt.Errorf("read marks: %w", err)
	}
	var exports []report.Manifest
	window := calendar.At(grains[0], now)
	for n := range lookback {
		window = calendar.Prev(window)
		dirty, err := isDirty(marks, grains, calendar, window)
		if err != nil {
			return exports, err
		}
		if dirty {
			slog.InfoContext(ctx, "export waits for a rollup", "workspace", w.Name, "schedule", schedule, "window", window.Key)
			continue
		}
		m, isNew, err := h.once(ctx, w, calendar, orderOf(schedule, window))
		if err != nil {
			return exports, err
		}
		if isNew || n == 0 && m.Name != "" {
			exports = append(exports, m)
		}
	}
	return exports, nil
}

// orderOf is the export of one window of a schedule.
func orderOf(schedule string, w period.Window) order {
	return order{
		schedule: schedule, name: schedule + "-" + w.Key, grain: schedules[schedule][0], grains: schedules[schedule], start: w.Start, end: w.End,
	}
}

// once makes an export unless it is there in any revision, or nothing ever happened in its windows.
func (h *Handler) once(ctx context.Context, w workspace.Workspace, calendar period.Calendar, o order) (m report.Manifest, isNew bool, err error) {
	newest, err := h.newest(ctx, w.Name, o.name)
	if err != nil || newest.Name != "" {
		return newest, false, err
	}
	found, err := h.windows(ctx, w, calendar, o)
	if err != nil || len(found) == 0 {
		return report.Manifest{}, false, err
	}
	m, err = h.make(ctx, w, o)
	return m, err == nil, err
}

// isDirty says whether a mark lies in the window: of the window itself, or of one that is exported with it.
func isDirty(marks []kpi.Mark, grains []period.Grain, c period.Calendar, window period.Window) (bool, error) {
	for _, m := range marks {
		marked, err := c.ByKey(m.Grain, m.Key)
		if err != nil {
			return false, fmt.Errorf("read key of a mark: %w", err)
		}
		if slices.Contains(grains, m.Grain) && marked.Start.Before(window.End) && window.Start.Before(marked.End) {
			return true, nil
		}
	}
	return false, nil
}
