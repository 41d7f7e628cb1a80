using Sylvan.Data.Csv;

namespace FleetEstimator.Traces.Import;

/// <summary>CSV files with a column mapping.</summary>
internal sealed class CsvImporter : TableImporter
{
    // The library makes room for the fields of a line a few at a time, and allocates with the square of their number: 0.7 GB for a line of 60,000, 50 MB for one of
    // as many as fit here.
    private const int LineCharactersMax = 1 << 14;

    /// <inheritdoc/>
    public override string Format => "csv";

    /// <inheritdoc/>
    public override string Description => "A CSV table of accesses or operations, its columns mapped with --column.";

    /// <inheritdoc/>
    public override string FilesDescription => "A CSV file with a header, or a pipe; comma, semicolon or tab between fields.";

    /// <inheritdoc/>
    protected override IReadOnlyList<ImportOption> Further =>
    [
        new("no-header", null, "The first line is data; columns are called 1, 2, 3 …"),
        new("delimiter", "CHARACTER", "What stands between fields; default: told from the first line."),
    ];

    /// <inheritdoc/>
    protected override ImportTable Open(ImportJob job)
    {
        var delimiter = job.Options.Text("delimiter") switch
        {
            null => (char?)null,
            "tab" or "\\t" => '\t',
            { Length: 1 } text => text[0],
            var text => throw ImportOptions.Wrong("delimiter", $"\"{text}\" is not one character", "Give one, or tab"),
        };
        try
        {
            var reader = CsvDataReader.Create(new StreamReader(job.File.Stream), new CsvDataReaderOptions
            {
                HasHeaders = !job.Options.Has("no-header"),
                Delimiter = delimiter,
                BufferSize = LineCharactersMax,
                MaxBufferSize = LineCharactersMax,
            });
            return new Table(job, reader);
        }
        catch (CsvRecordTooLargeException)
        {
            throw TooLong(job, 1);
        }
        catch (Exception exception) when (exception is CsvFormatException or InvalidOperationException)
        {
            throw job.Wrong("line 1", null, exception.Message.TrimEnd('.'), "Give a CSV file");
        }
    }

    private static ImportException TooLong(ImportJob job, long line) => job.Wrong(
        $"line {line}", null, $"the line, or one soon after it, is longer than {LineCharactersMax} characters", "Check quotes: one that is not closed swallows what follows");

    private sealed class Table(ImportJob job, CsvDataReader reader) : ImportTable
    {
        private readonly bool _hasHeader = !job.Options.Has("no-header");

        public override IReadOnlyList<string> Columns { get; } = Names(job, reader);

        public override string RowUnit => "line";

        // A field with line breaks in it makes the count one of records.
        public override long RowNumber => reader.RowNumber + (_hasHeader ? 1 : 0);

        public override bool Next()
        {
            try
            {
                if (!reader.Read())
                    return false;
                return reader.RowFieldCount == Columns.Count ? true : throw job.Wrong(
                    $"line {RowNumber}", null, $"it has {reader.RowFieldCount} fields, and the first line {Columns.Count}", "Check the delimiter, and quotes around fields that hold it");
            }
            catch (CsvRecordTooLargeException)
            {
                throw TooLong(job, RowNumber + 1);
            }
            catch (CsvFormatException exception)
            {
                throw job.Wrong($"line {RowNumber + 1}", null, exception.Message.TrimEnd('.'), "Check quotes around fields");
            }
        }

        public override ulong? Number(int column) => NumberIn(reader.GetFieldSpan(column));

        public override ulong? Nanoseconds(int column, ulong unit) => NanosecondsIn(reader.GetFieldSpan(column), unit);

        public override string Text(int column) => reader.GetFieldSpan(column).Trim().ToString();

        public override void Dispose() => reader.Dispose();

        private static string[] Names(ImportJob job, CsvDataReader reader) =>
            [.. Enumerable.Range(0, reader.FieldCount).Select(column => job.Options.Has("no-header") ? $"{column + 1}" : reader.GetName(column).Trim().TrimStart('#').Trim())];
    }
}
