package export

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"waymark/shared/domain/fault"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/period"
	"waymark/shared/domain/report"
	"waymark/shared/domain/workspace"
)

// How one export is made (docs/adr/0016). What is known of its revisions is read first, then the windows; then the next revision is claimed for
// exactly these bytes, on the condition that nobody claimed one since; then the file is stored, and last of all its manifest. So a revision has
// one content for ever, a higher revision never holds older numbers, and whoever finds a claim that was not completed completes it or goes on.

// result is the export that holds the numbers of now, and whether this order made it.
type result struct {
	manifest report.Manifest
	isNew    bool
	windows  []kpi.Window // that it was made from
}

// maxTries bounds how often an order begins again because another one claimed the revision.
const maxTries = 8

// make writes the export unless the newest revision holds the same numbers already. An export is complete or absent, and the same order twice
// makes one. Errors: fault.Unavailable when other orders of the same export are always first.
func (h *Handler) make(ctx context.Context, w workspace.Workspace, o order) (made result, err error) {
	calendar, err := w.Calendar()
	if err != nil {
		return result{}, fmt.Errorf("read time zone: %w", err)
	}
	for range maxTries {
		if made, err = h.try(ctx, w, calendar, o); fault.KindOf(err) != fault.Conflict {
			return made, err
		}
	}
	return result{}, fault.Wrap(fault.Unavailable, "export_busy", err)
}

func (h *Handler) try(ctx context.Context, w workspace.Workspace, calendar period.Calendar, o order) (result, error) {
	known, err := h.known(ctx, w.Name, o.name)
	if err != nil || o.isFirst && known.newest.Name != "" {
		return result{manifest: known.newest}, err
	}
	f, err := h.compute(ctx, w, calendar, o)
	if err != nil || o.isFirst && len(f.windows) == 0 {
		return result{}, err
	}
	since, isSame, err := h.compare(ctx, w, known, f)
	if err != nil || isSame {
		return result{known.newest, false, f.windows}, err
	}
	claim := known.claim
	if claim.SHA256 != f.sha256 {
		claim = report.Claim{
			Revision: max(claim.Revision, known.newest.Revision) + 1, SHA256: f.sha256, Base: known.newest.Revision,
			Created: h.Now().UTC().Format(time.RFC3339), Definitions: f.definitions, Quarantines: report.QuarantinesOf(w),
		}
		if err := h.Claims.PutExportClaim(ctx, w.Name, o.name, claim); err != nil {
			return result{}, fmt.Errorf("claim revision %d of %s: %w", claim.Revision, o.name, err)
		}
	}
	m := describe(w, calendar, o, claim, f)
	m.Restates, m.Restated = known.newest.Name, since
	return result{m, true, f.windows}, h.store(ctx, m, f.csv)
}

// known is what was claimed and made of an export: the newest claim, and the manifest of the newest revision that is whole. Both are zero when
// there is none.
type known struct {
	claim  report.Claim
	newest report.Manifest
}

// isWhole says that the newest claim was completed.
func (k known) isWhole() bool { return k.newest.Revision > 0 && k.newest.Revision >= k.claim.Revision }

func (h *Handler) known(ctx context.Context, ws, name string) (k known, err error) {
	if k.claim, err = h.Claims.ExportClaim(ctx, ws, name); err != nil {
		return known{}, fmt.Errorf("read claim to %s: %w", name, err)
	}
	if k.claim.Revision == 0 {
		k.newest, err = h.unclaimed(ctx, ws, name)
		return k, err
	}
	for _, revision := range []int{k.claim.Revision, k.claim.Base} {
		if revision == 0 {
			break
		}
		k.newest, err = h.manifest(ctx, ws, name, revision)
		if fault.KindOf(err) != fault.NotFound {
			return k, err
		}
	}
	return known{claim: k.claim}, nil
}

// unclaimed is the manifest of the highest revision of an export that was made before revisions were claimed; the zero Manifest when there is none.
func (h *Handler) unclaimed(ctx context.Context, ws, name string) (report.Manifest, error) {
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
	return h.manifest(ctx, ws, name, highest)
}

func (h *Handler) manifest(ctx context.Context, ws, name string, revision int) (report.Manifest, error) {
	text, err := h.Bucket.Get(ctx, report.ManifestKey(ws, revisionName(name, revision)))
	if err != nil {
		return report.Manifest{}, fmt.Errorf("read newest manifest: %w", err)
	}
	var m report.Manifest
	if err := json.Unmarshal(text, &m); err != nil {
		return report.Manifest{}, fmt.Errorf("decode newest manifest: %w", err)
	}
	return m, nil
}

func revisionName(name string, revision int) string { return fmt.Sprintf("%s-r%d", name, revision) }

// file is an export as it comes out now.
type file struct {
	windows     []kpi.Window
	definitions int // version that the rows are of
	csv         []byte
	rows        int
	sha256      string
}

func (h *Handler) compute(ctx context.Context, w workspace.Workspace, calendar period.Calendar, o order) (file, error) {
	windows, definitions, err := h.windows(ctx, w, calendar, o)
	if err != nil {
		return file{}, err
	}
	var out bytes.Buffer
	rows, err := h.CSV(&out, report.Lines(w, calendar, windows))
	if err != nil {
		return file{}, fmt.Errorf("write csv: %w", err)
	}
	return file{windows, definitions, out.Bytes(), rows, digest(out.Bytes())}, nil
}

func digest(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// windows reads what an order exports, with its rows. Metrics that are new and not counted of everybody yet are left out: the version of the definitions
// is the one that everybody is counted in.
func (h *Handler) windows(ctx context.Context, w workspace.Workspace, calendar period.Calendar, o order) (all []kpi.Window, definitions int, err error) {
	state, err := h.Windows.State(ctx, w.Namespace())
	if err != nil {
		return nil, 0, fmt.Errorf("read state: %w", err)
	}
	complete := h.Definitions
	if state.Definitions > 0 {
		complete = complete.CompleteSince(state.Definitions)
	}
	for _, grain := range o.grains {
		first, last := calendar.At(grain, o.start), calendar.At(grain, o.end.Add(-1)) // an order ends after it begins
		found, err := h.Windows.Windows(ctx, w.Namespace(), grain, first.Key, last.Key)
		if err != nil {
			return nil, 0, fmt.Errorf("read %s windows: %w", grain, err)
		}
		placed, isMoving := kpi.Placed(calendar, found)
		if isMoving {
			return nil, 0, fault.Newf(fault.Unavailable, "zone_changed",
				"the numbers of workspace %s are being counted anew in another time zone: ask again", w.Name)
		}
		all = append(all, placed...)
	}
	complete.ShowAs(report.View(w), all)
	return all, complete.Version, nil
}

// compare says in which windows the file's numbers differ from those of the newest revision, and whether that needs no other: it holds the same
// bytes, or the same numbers of a workspace that was rebuilt, where revisions begin anew. A claim in between that was not completed needs one in
// any case, because whoever made it may still complete it.
func (h *Handler) compare(ctx context.Context, w workspace.Workspace, k known, f file) (since []report.Span, isSame bool, err error) {
	if k.newest.Name == "" || len(k.newest.Files) == 0 {
		return nil, false, nil
	}
	if k.isWhole() && k.newest.Files[0].SHA256 == f.sha256 {
		return nil, true, nil
	}
	text, err := h.Bucket.Get(ctx, report.FileKey(w.Name, k.newest.Files[0].Name))
	if err != nil {
		return nil, false, fmt.Errorf("read newest file: %w", err)
	}
	before, err := numbersIn(text)
	if err != nil {
		return nil, false, fmt.Errorf("compare with %s: %w", k.newest.Files[0].Name, err)
	}
	now, err := numbersIn(f.csv)
	if err != nil {
		return nil, false, fmt.Errorf("compare with %s: %w", k.newest.Name, err)
	}
	since = now.Since(before)
	return since, k.isWhole() && len(since) == 0 && k.newest.Generation != w.Generation, nil
}

// describe is the manifest of a claimed revision: whoever completes the claim writes the same.
func describe(w workspace.Workspace, calendar period.Calendar, o order, c report.Claim, f file) report.Manifest {
	m := report.Describe(w, calendar, cmp.Or(c.Definitions, f.definitions), f.windows)
	m.Revision, m.Name, m.CreatedAt = c.Revision, revisionName(o.name, c.Revision), c.Created
	m.Schedule, m.Grain, m.Quarantines = o.schedule, o.grain, c.Quarantines
	m.Start, m.End = calendar.Local(o.start).Format(time.RFC3339), calendar.Local(o.end).Format(time.RFC3339)
	m.Files = []report.File{{Name: m.Name + ".csv", Rows: f.rows, Bytes: int64(len(f.csv)), SHA256: f.sha256}}
	return m
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
	slog.InfoContext(ctx, "export made", "workspace", m.Workspace, "name", m.Name, "rows", m.Rows, "restated_windows", len(m.Restated))
	return nil
}
