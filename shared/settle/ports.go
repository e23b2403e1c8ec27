package settle

import (
	"context"

	"waymark/shared/domain/event"
	"waymark/shared/domain/identity"
	"waymark/shared/domain/kpi"
	"waymark/shared/domain/ledger"
	"waymark/shared/domain/period"
	"waymark/shared/domain/report"
	"waymark/shared/domain/workspace"
	"waymark/shared/life"
)

// Store is the table. Every read of it is consistent. Its errors are faults; Unavailable ones may pass.
type Store interface {
	life.Store
	Wakes
	States
	Batches
	Dues
	Profiles
	Windows
	Restated
	Index
}

// States holds where the settling of each workspace stands; the zero State before the first. PutState answers Conflict unless the stored epoch is
// the given one.
type States interface {
	State(ctx context.Context, ns workspace.Namespace) (ledger.State, error)
	PutState(ctx context.Context, ns workspace.Namespace, s ledger.State, epoch int64) error
}

// Wakes takes which children of a parent are not idle.
type Wakes interface {
	Wake(ctx context.Context, ns workspace.Namespace, l identity.Link) error
}

// Batches holds the records of batches. The answer begins with the record of the lowest handle that is not below from, and has so many at most; next
// is the handle of the first that was left out, "" for none.
type Batches interface {
	Batches(ctx context.Context, ns workspace.Namespace, from string, limit int) (batches []ledger.Batch, next string, err error)
}

// Dues says whom to look at when. The answer of Dues has those due by an instant, the earliest first, so many at most. Each PutDue makes one of its
// own under the handle given.
type Dues interface {
	Dues(ctx context.Context, ns workspace.Namespace, until event.Millis, limit int) (dues []ledger.Due, more bool, err error)
	PutDues(ctx context.Context, ns workspace.Namespace, dues []ledger.Due) error
	DeleteDues(ctx context.Context, ns workspace.Namespace, handles []string) error
}

// Profiles takes what was counted of whom. PutProfiles leaves those as they are that this or a later run has written. A list of persons is made of
// listings, each under a key of its own: that of its run and its place among the run's. Everybody walks all listings; a person may come several
// times.
type Profiles interface {
	PutProfiles(ctx context.Context, ns workspace.Namespace, profiles []ledger.Profile) error
	PutListings(ctx context.Context, ns workspace.Namespace, run int64, listings []ledger.Listing) error
	Everybody(ctx context.Context, ns workspace.Namespace, after string, limit int) (persons []event.Identifier, next string, err error)
}

// Windows holds the computed windows: the zero Window where there is none. PutWindow answers Conflict when one of this or a later run is stored.
type Windows interface {
	Window(ctx context.Context, ns workspace.Namespace, g period.Grain, key string) (kpi.Window, error)
	PutWindow(ctx context.Context, ns workspace.Namespace, w kpi.Window) error
}

// Restated takes the notes of exports that hold changed windows.
type Restated interface {
	PutRestated(ctx context.Context, ns workspace.Namespace, notes []report.Restatement) error
}

// Index says on which other UTC days events of some UTC days, by the device's time, arrived: there the archive has them.
type Index interface {
	PutArchiveIndex(ctx context.Context, ws string, days []string, arrived string) error
}

// Objects is the archive bucket. Objects of one name are replaced. Log answers NotFound when there is none.
type Objects interface {
	PutLog(ctx context.Context, ns workspace.Namespace, name string, l ledger.Log) error
	Log(ctx context.Context, ns workspace.Namespace, name string) (ledger.Log, error)
	DeleteLog(ctx context.Context, ns workspace.Namespace, name string) error
	PutSteps(ctx context.Context, ns workspace.Namespace, run int64, day ledger.Day) error
	PutEvents(ctx context.Context, ws, name string, events []event.Record) error
}
