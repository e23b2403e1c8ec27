// Package emulated starts the emulator that `waymark dev` starts and opens the real adapter on it, for tests that need a table which is not ours.
//
//	table := emulated.Table(t)
package emulated

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waymark/infra/local/emulator"
	"waymark/shared/adapter/dynamo"
)

const modules = "../../infra/emulators/node_modules"

// Name is that of the table.
const Name = "waymark"

// Table is an empty table of the real adapter on an emulator of its own, which ends with the test. A machine without the emulators fails the
// test: one that is skipped proves nothing.
func Table(t testing.TB) *dynamo.Table {
	t.Helper()
	return dynamo.New(Client(t), Name)
}

// Client is the real client of an emulator of its own in which the table is.
func Client(t testing.TB) *dynamodb.Client {
	t.Helper()
	found := filepath.FromSlash(modules)
	if _, err := os.Stat(found); err != nil {
		t.Fatalf("the emulators are not installed, run make emulators: %v", err)
	}
	service, err := emulator.StartDynamoDB(t.Context(), emulator.DynamoDBConfig{Modules: found})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(service.Stop)
	values := map[string]string{
		"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_ENDPOINT_URL_DYNAMODB": service.URL(),
	}
	client := dynamo.NewClient(func(name string) string { return values[name] })
	if _, err := client.CreateTable(t.Context(), schema()); err != nil {
		t.Fatal(err)
	}
	return client
}

// schema is the table of template.yaml, as far as keys go.
func schema() *dynamodb.CreateTableInput {
	return &dynamodb.CreateTableInput{
		TableName: aws.String(Name), BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{
			{AttributeName: aws.String("PK"), AttributeType: types.ScalarAttributeTypeS}, {AttributeName: aws.String("SK"), AttributeType: types.ScalarAttributeTypeS},
		},
		KeySchema: []types.KeySchemaElement{
			{AttributeName: aws.String("PK"), KeyType: types.KeyTypeHash}, {AttributeName: aws.String("SK"), KeyType: types.KeyTypeRange},
		},
	}
}
