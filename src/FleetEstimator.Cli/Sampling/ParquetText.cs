using System.Globalization;
using Parquet;
using Parquet.Schema;

namespace FleetEstimator.Cli.Sampling;

/// <summary>Columns of a Parquet file as text, whatever their type.</summary>
internal static class ParquetText
{
    // A hundred times the largest inventories; a damaged file may claim any number.
    private const long RowsMax = 100_000_000;

    /// <summary>The values of a column in a row group; null where there is none.</summary>
    /// <exception cref="InvalidDataException">The column is of a type that has no text, or the group is too long.</exception>
    public static async Task<IReadOnlyList<string?>> ReadAsync(ParquetRowGroupReader group, DataField field)
    {
        if (group.RowCount is < 0 or > RowsMax)
            throw new InvalidDataException($"a row group claims {group.RowCount} rows");
        var rows = (int)group.RowCount;
        if (field.ClrType == typeof(string) || field.ClrType == typeof(ReadOnlyMemory<char>))
        {
            var texts = new string?[rows];
            await group.ReadAsync(field, texts.AsMemory()!);
            return texts;
        }

        return field.ClrType == typeof(int) ? await Numbers<int>()
            : field.ClrType == typeof(long) ? await Numbers<long>()
            : field.ClrType == typeof(uint) ? await Numbers<uint>()
            : field.ClrType == typeof(ulong) ? await Numbers<ulong>()
            : field.ClrType == typeof(short) ? await Numbers<short>()
            : field.ClrType == typeof(ushort) ? await Numbers<ushort>()
            : field.ClrType == typeof(sbyte) ? await Numbers<sbyte>()
            : field.ClrType == typeof(byte) ? await Numbers<byte>()
            : field.ClrType == typeof(double) ? await Numbers<double>()
            : field.ClrType == typeof(float) ? await Numbers<float>()
            : field.ClrType == typeof(bool) ? await Numbers<bool>()
            : throw new InvalidDataException($"column {field.Name} is of type {field.ClrType.Name}; write texts and numbers");

        async Task<IReadOnlyList<string?>> Numbers<T>()
            where T : struct, IConvertible
        {
            if (field.IsNullable)
            {
                var values = new T?[rows];
                await group.ReadAsync<T>(field, values.AsMemory());
                return Array.ConvertAll(values, value => value?.ToString(CultureInfo.InvariantCulture));
            }

            var all = new T[rows];
            await group.ReadAsync<T>(field, all.AsMemory());
            return Array.ConvertAll(all, value => (string?)value.ToString(CultureInfo.InvariantCulture));
        }
    }
}
