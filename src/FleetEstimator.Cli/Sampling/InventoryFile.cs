using System.Globalization;
using FleetEstimator.Estimation;
using Parquet;
using Sylvan.Data.Csv;

namespace FleetEstimator.Cli.Sampling;

/// <summary>Reads a fleet inventory from a CSV file with a header line, or from Parquet (told by its first bytes).</summary>
internal static class InventoryFile
{
    private const long FileBytesMax = 1L << 30;
    private const int LineCharactersMax = 1 << 20;

    /// <exception cref="InventoryException">The file is not one, or is not acceptable.</exception>
    public static async Task<Inventory> ReadAsync(string path)
    {
        try
        {
            await using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            if (stream.Length > FileBytesMax)
                throw new InventoryException(path, null, null, $"the file has {stream.Length} bytes, more than {FileBytesMax}", "leave out columns and nodes that are not needed");
            var magic = new byte[4];
            var isParquet = await stream.ReadAtLeastAsync(magic, magic.Length, throwOnEndOfStream: false) == magic.Length && magic.AsSpan().SequenceEqual("PAR1"u8);
            stream.Position = 0;
            return isParquet ? await ReadParquet(stream, path) : ReadCsv(stream, path);
        }
        catch (Exception exception) when (exception is not InventoryException)
        {
            // Damaged Parquet sets off exceptions of many types.
            throw new InventoryException(path, null, null, $"the file cannot be read: {exception.Message.TrimEnd('.')}", "give a CSV file with a header line, or a Parquet file", exception);
        }
    }

    private static Inventory ReadCsv(Stream stream, string path)
    {
        using var text = new StreamReader(stream);
        using var csv = CsvDataReader.Create(text, new CsvDataReaderOptions { MaxBufferSize = LineCharactersMax, Culture = CultureInfo.InvariantCulture });
        var columns = Enumerable.Range(0, csv.FieldCount).Select(column => csv.GetName(column).Trim()).ToList();
        return Inventory.Read(columns, Rows(), path);

        IEnumerable<(long, IReadOnlyList<string?>)> Rows()
        {
            while (csv.Read())
            {
                if (csv.RowFieldCount > columns.Count)
                    throw new InventoryException(path, csv.RowNumber, null, $"it has {csv.RowFieldCount} fields, the header {columns.Count}", "put texts with commas in quotes");
                yield return (csv.RowNumber, Enumerable.Range(0, csv.RowFieldCount).Select(column => (string?)csv.GetString(column)).ToList());
            }
        }
    }

    private static async Task<Inventory> ReadParquet(Stream stream, string path)
    {
        await using var reader = await ParquetReader.CreateAsync(stream);
        var fields = reader.Schema.GetDataFields();
        var rows = new List<(long, IReadOnlyList<string?>)>();
        for (var group = 0; group < reader.RowGroupCount; group++)
        {
            using var rowGroup = reader.OpenRowGroupReader(group);
            var columns = new List<IReadOnlyList<string?>>();
            foreach (var field in fields)
                columns.Add(await ParquetText.ReadAsync(rowGroup, field));
            var count = checked((int)rowGroup.RowCount);
            for (var row = 0; row < count; row++)
                rows.Add((rows.Count + 1, [.. columns.Select(column => column[row])]));
        }

        return Inventory.Read([.. fields.Select(field => field.Name)], rows, path);
    }
}
