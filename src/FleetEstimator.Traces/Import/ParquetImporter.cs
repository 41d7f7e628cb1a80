using System.Globalization;
using Parquet;
using Parquet.Schema;

namespace FleetEstimator.Traces.Import;

/// <summary>
/// Parquet files with a column mapping. Only the columns that are used are read, a row group at a time. A file that <see cref="TraceParquet"/> wrote needs
/// no mapping and gives the trace back, row for row and with its header.
/// </summary>
internal sealed class ParquetImporter : TableImporter
{
    // A row group is decoded whole: at 8 bytes a value and 8 columns this is 256 MiB.
    private const int GroupRowsMax = 4 << 20;

    /// <inheritdoc/>
    public override string Format => "parquet";

    /// <inheritdoc/>
    public override string Description => "A Parquet table of accesses or operations, its columns mapped with --column.";

    /// <inheritdoc/>
    public override string FilesDescription => "A Parquet file with flat columns of numbers, texts or timestamps; row groups of at most 4 million rows.";

    /// <inheritdoc/>
    protected override ImportTable Open(ImportJob job)
    {
        if (!job.File.Stream.CanSeek)
            throw job.Wrong("a pipe cannot be sought, and Parquet is read from its end", "Give the table as a file");
        if (ParquetSizes.FaultInFooter(job.File, job.Limits.WholeBytesMax) is { } fault)
            throw job.Wrong(fault, "Write or copy the file again");
        return Decode(job, () => new Table(job, ParquetReader.CreateAsync(job.File.Stream, leaveStreamOpen: true).GetAwaiter().GetResult()));
    }

    // The library throws whatever a damaged file makes it stumble over.
    private static T Decode<T>(ImportJob job, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception exception) when (exception is not (ImportException or OutOfMemoryException))
        {
            throw new ImportException(job.File.Name, null, null, $"it is no Parquet file, or damaged ({exception.GetType().Name}: {exception.Message.TrimEnd('.')})", "Write or copy the file again", exception);
        }
    }

    private sealed class Table(ImportJob job, ParquetReader reader) : ImportTable
    {
        private readonly DataField[] _fields = reader.Schema.DataFields;
        private readonly Array?[] _values = new Array?[reader.Schema.DataFields.Length];
        private IReadOnlyList<int> _selected = [];
        private int _group;
        private long _groupStart;
        private int _rows;
        private int _row = -1;

        public override IReadOnlyList<string> Columns { get; } = [.. reader.Schema.DataFields.Select(field => field.Path.ToString())];

        public override TraceHeader? ExportedHeader { get; } = HeaderIn(job, reader);

        public override string RowUnit => "row";

        public override long RowNumber => _groupStart + _row;

        public override void Select(IReadOnlyList<int> columns) => _selected = columns;

        public override bool Next()
        {
            while (++_row >= _rows)
            {
                if (_group == reader.RowGroupCount)
                    return false;
                _groupStart += _rows;
                Decode(job, ReadGroup);
                _row = -1;
            }

            return true;
        }

        public override ulong? Number(int column) => _values[column] switch
        {
            ulong[] numbers => numbers[_row],
            long[] numbers => numbers[_row] >= 0 ? (ulong)numbers[_row] : null,
            double[] numbers => numbers[_row] is >= 0 and < 1.8e19 && double.IsInteger(numbers[_row]) ? (ulong)numbers[_row] : null,
            decimal[] numbers => numbers[_row] is >= 0 and <= ulong.MaxValue && decimal.IsInteger(numbers[_row]) ? (ulong)numbers[_row] : null,
            string[] texts => NumberIn(texts[_row]),
            _ => null,
        };

        public override ulong? Nanoseconds(int column, ulong unit) => _values[column] switch
        {
            ulong[] or long[] => Number(column) is { } number && number <= ulong.MaxValue / unit ? number * unit : null,
            // To the microsecond, which is what a trace keeps: 1700000000.123456 s has no exact double, and one rounded down would be a microsecond early.
            double[] numbers => numbers[_row] >= 0 && numbers[_row] * unit < 1.8e19 ? (ulong)Math.Round(numbers[_row] * unit / 1000) * 1000 : null,
            decimal[] numbers => numbers[_row] >= 0 && numbers[_row] <= ulong.MaxValue / unit ? (ulong)(numbers[_row] * unit) : null,
            DateTime[] times => NanosecondsOf(new DateTimeOffset(DateTime.SpecifyKind(times[_row], DateTimeKind.Utc))),
            string[] texts => NanosecondsIn(texts[_row], unit),
            _ => null,
        };

        public override string Text(int column) => _values[column] is string[] texts ? texts[_row] : Convert.ToString(_values[column]!.GetValue(_row), CultureInfo.InvariantCulture) ?? "";

        public override void Dispose() => reader.DisposeAsync().AsTask().GetAwaiter().GetResult();

        private static TraceHeader? HeaderIn(ImportJob job, ParquetReader reader)
        {
            if (reader.CustomMetadata is not { } metadata || !TraceMetadata.IsTrace(metadata))
                return null;
            try
            {
                return TraceMetadata.Read([.. metadata], job.File.Name);
            }
            catch (TraceException exception)
            {
                throw job.Wrong(null, exception.Field, exception.Problem, exception.Remedy);
            }
        }

        private bool ReadGroup()
        {
            using var group = reader.OpenRowGroupReader(_group);
            if (group.RowCount is < 0 or > GroupRowsMax)
                throw job.Wrong($"row group {_group}", null, $"it has {group.RowCount} rows, more than the limit of {GroupRowsMax}", "Write smaller row groups");
            if (group.RowCount > job.Limits.RowsMax - _groupStart)
                throw job.Wrong($"row group {_group}", null, $"with it the table has more than {job.Limits.RowsMax} rows", "Import a part of the table at a time");
            _rows = (int)group.RowCount;
            foreach (var column in _selected)
                _values[column] = Values(group, _fields[column]);
            _group++;
            return true;
        }

        private Array Values(ParquetRowGroupReader group, DataField field)
        {
            if (field.MaxRepetitionLevel > 0)
                throw job.Wrong($"column {field.Path}", null, "it holds lists", "Map columns with one value a row");
            if (group.GetMetadata(field) is { MetaData: { } chunk } && ParquetSizes.FaultInPages(job.File, chunk, _rows) is { } fault)
                throw job.Wrong($"row group {_group}", field.Path.ToString(), fault, "Write the file again, with smaller row groups");
            if (field.ClrType == typeof(string) || field.ClrType == typeof(ReadOnlyMemory<char>))
                return Texts(group, field);
            return Type.GetTypeCode(field.ClrType) switch
            {
                TypeCode.DateTime => Read<DateTime>(group, field),
                TypeCode.UInt64 => Read<ulong>(group, field),
                TypeCode.UInt32 => Array.ConvertAll(Read<uint>(group, field), value => (ulong)value),
                TypeCode.UInt16 => Array.ConvertAll(Read<ushort>(group, field), value => (ulong)value),
                TypeCode.Byte => Array.ConvertAll(Read<byte>(group, field), value => (ulong)value),
                TypeCode.Int64 => Read<long>(group, field),
                TypeCode.Int32 => Array.ConvertAll(Read<int>(group, field), value => (long)value),
                TypeCode.Int16 => Array.ConvertAll(Read<short>(group, field), value => (long)value),
                TypeCode.SByte => Array.ConvertAll(Read<sbyte>(group, field), value => (long)value),
                TypeCode.Double => Read<double>(group, field),
                TypeCode.Decimal => Read<decimal>(group, field),
                TypeCode.Single => Array.ConvertAll(Read<float>(group, field), value => (double)value),
                _ => throw job.Wrong($"column {field.Path}", null, $"it is of type {field.ClrType.Name}", "Map columns of numbers, texts or timestamps"),
            };
        }

        private T[] Read<T>(ParquetRowGroupReader group, DataField field)
            where T : struct
        {
            if (!field.IsNullable)
            {
                var values = new T[_rows];
                group.ReadAsync<T>(field, values.AsMemory()).AsTask().GetAwaiter().GetResult();
                return values;
            }

            var nullable = new T?[_rows];
            group.ReadAsync<T>(field, nullable.AsMemory()).AsTask().GetAwaiter().GetResult();
            return Array.ConvertAll(nullable, value => value ?? throw Null(field, Array.FindIndex(nullable, candidate => candidate is null)));
        }

        private string[] Texts(ParquetRowGroupReader group, DataField field)
        {
            var values = new string?[_rows];
            group.ReadAsync(field, values.AsMemory()!).AsTask().GetAwaiter().GetResult();
            return Array.ConvertAll(values, value => value ?? throw Null(field, Array.IndexOf(values, null)));
        }

        private ImportException Null(DataField field, int row) => job.Wrong($"row {_groupStart + row}", field.Path.ToString(), "the value is null", "Leave rows without a value out");
    }
}
