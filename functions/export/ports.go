package export

import (
	"context"
	"io"

	"waymark/shared/domain/kpi"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/period"
	"waymark/shared/domain/report"
	"waymark/shared/domain/workspace"
)

// Workspaces knows the tenants. NotFound when there is none.
type Workspaces interface {
	Workspace(ctx context.Context, name string) (workspace.Workspace, error)
	Workspaces(ctx context.Context) ([]workspace.Workspace, error)
}

// Windows reads computed windows, and up to when they are.
type Windows interface {
	Windows(ctx context.Context, ns workspace.Namespace, g period.Grain, fromKey, toKey string) ([]kpi.Window, error)
	State(ctx context.Context, ns workspace.Namespace) (ledger.State, error)
}

// Restated keeps the notes of exports that may have to be made anew. Deleting what was read takes away no later note.
type Restated interface {
	Restated(ctx context.Context, ns workspace.Namespace, g period.Grain) ([]report.Restatement, error)
	DeleteRestated(ctx context.Context, ns workspace.Namespace, handles []string) error
}

// Claims says which revision of an export is which file. PutExportClaim answers Conflict when that revision or a higher one is claimed.
type Claims interface {
	ExportClaim(ctx context.Context, ws, export string) (report.Claim, error)
	PutExportClaim(ctx context.Context, ws, export string, c report.Claim) error
}

// Bucket keeps the files. Get answers NotFound when there is no such file.
type Bucket interface {
	Put(ctx context.Context, key, contentType string, body []byte) error
	Get(ctx context.Context, key string) ([]byte, error)
	List(ctx context.Context, prefix string) ([]string, error)
}

// Writer writes the long form as a file of one format and says how many rows it wrote.
type Writer func(w io.Writer, lines [][]string) (rows int, err error)
