using System.Buffers.Binary;
using System.Text;

namespace FleetEstimator.Traces.Import;

/// <summary>A PT_LOAD segment of an ELF dump.</summary>
/// <param name="Offset">Where its bytes are in the file.</param>
/// <param name="Address">Virtual address.</param>
/// <param name="PhysicalAddress">Physical address.</param>
/// <param name="FileBytes">Bytes in the file.</param>
/// <param name="MemoryBytes">Bytes in memory; what is not in the file was left out by whoever dumped.</param>
/// <param name="IsWritable">Whether the process may store to it.</param>
internal readonly record struct ElfSegment(ulong Offset, ulong Address, ulong PhysicalAddress, ulong FileBytes, ulong MemoryBytes, bool IsWritable)
{
    /// <summary>One past the last virtual address.</summary>
    public ulong End => Address + MemoryBytes;
}

/// <summary>A note of an ELF dump.</summary>
internal sealed record ElfNote(string Name, uint Type, byte[] Description);

/// <summary>Segments and notes of a 64-bit little-endian ELF core file. Every range was held against the file before it was used.</summary>
internal sealed class ElfFile
{
    private const int HeaderBytes = 64;
    private const int ProgramHeaderBytes = 56;
    private const int SectionHeaderBytes = 64;
    private const ushort Core = 4;
    private const uint Load = 1;
    private const uint Note = 4;
    private const uint Writable = 2;
    private const ushort ManyProgramHeaders = 0xFFFF;

    // Notes of 10,000 threads with their vector registers have about 30 MB.
    private const long NotesBytesMax = 256 << 20;
    private const int ProgramHeadersMax = 1 << 20;

    private readonly ImportFile _file;
    private long _notesBytes;

    private ElfFile(ImportFile file) => _file = file;

    /// <summary>Whether it has sections, as debuggers write them. The kernel writes none, or one that only holds the number of program headers.</summary>
    public bool HasSections { get; private init; }

    /// <summary>The PT_LOAD segments in the order of the file.</summary>
    public List<ElfSegment> Segments { get; } = [];

    /// <summary>The notes in the order of the file.</summary>
    public List<ElfNote> Notes { get; } = [];

    /// <summary>
    /// Whether segments share bytes of the file. Dumps of processes and of physical memory keep each byte once; a file of a few KiB whose segments share them could
    /// stand for any amount of memory.
    /// </summary>
    public bool SharesBytes => Segments.Aggregate(0UL, (sum, segment) => sum + segment.FileBytes) > (ulong)_file.Stream.Length;

    /// <summary>Reads the headers of a dump.</summary>
    /// <exception cref="ImportException">It is no such dump, or damaged.</exception>
    public static ElfFile Read(ImportFile file)
    {
        if (!file.Stream.CanSeek)
            throw new ImportException(file.Name, null, null, "a pipe cannot be sought, and has no holes", "Give the dump as a file");
        var header = new ElfFile(file).Bytes(0, HeaderBytes, "ELF header");
        CheckKind(file, header);
        var elf = new ElfFile(file) { HasSections = BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(60)) > 1 };
        var offset = BinaryPrimitives.ReadUInt64LittleEndian(header.AsSpan(32));
        int entryBytes = BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(54));
        long count = BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(56));
        if (count == ManyProgramHeaders)
        {
            // Their number then stands in the first section header, as sh_info.
            var section = elf.Bytes(BinaryPrimitives.ReadUInt64LittleEndian(header.AsSpan(40)), SectionHeaderBytes, "section header");
            count = BinaryPrimitives.ReadUInt32LittleEndian(section.AsSpan(44));
        }

        if (entryBytes != ProgramHeaderBytes || count > ProgramHeadersMax)
            throw elf.Damaged("program headers", $"{count} program headers of {entryBytes} bytes");
        var headers = elf.Bytes(offset, count * ProgramHeaderBytes, "program headers");
        for (var at = 0; at < headers.Length; at += ProgramHeaderBytes)
            elf.ReadProgramHeader(headers.AsSpan(at, ProgramHeaderBytes));
        return elf;
    }

    private static void CheckKind(ImportFile file, byte[] header)
    {
        var (problem, remedy) = header switch
        {
            [(byte)'K', (byte)'D', (byte)'U', (byte)'M', (byte)'P', (byte)' ', ..] => ("this is a kdump-compressed dump, which may lack pages",
                "Dump in ELF: QEMU's dump-guest-memory without -z, -l, -s, -w and -R"),
            _ when header.AsSpan().StartsWith("makedumpfile"u8) => ("this is makedumpfile's flattened format, whose pages stand in no order",
                "Rearrange it with makedumpfile -R, and dump in ELF (-E) with dump level 0, so that no page is left out"),
            _ when header.AsSpan().StartsWith("PAGEDU64"u8) || header.AsSpan().StartsWith("PAGEDUMP"u8) => ("this is a Windows crash dump",
                "Dump in ELF: QEMU's dump-guest-memory without -w"),
            [0x28, 0xB5, 0x2F, 0xFD, ..] or [0x1F, 0x8B, ..] or [0xFD, (byte)'7', (byte)'z', ..] => ("it is compressed, and compression does not keep holes",
                "Give the file as the kernel wrote it"),
            [0x7F, (byte)'E', (byte)'L', (byte)'F', 2, 1, ..] when BinaryPrimitives.ReadUInt16LittleEndian(header.AsSpan(16)) == Core => ("", ""),
            [0x7F, (byte)'E', (byte)'L', (byte)'F', 2, 1, ..] => ("this is an ELF file, but not a core dump", "Give a core dump, not a program"),
            [0x7F, (byte)'E', (byte)'L', (byte)'F', ..] => ("this is an ELF file of 32 bits or big-endian", "Only dumps of 64-bit little-endian machines can be imported"),
            _ => ("this is not an ELF core dump", "Give a core that the kernel, gcore or QEMU wrote"),
        };
        if (problem.Length > 0)
            throw new ImportException(file.Name, null, null, problem, remedy);
    }

    private void ReadProgramHeader(ReadOnlySpan<byte> entry)
    {
        var type = BinaryPrimitives.ReadUInt32LittleEndian(entry);
        var segment = new ElfSegment(
            BinaryPrimitives.ReadUInt64LittleEndian(entry[8..]),
            BinaryPrimitives.ReadUInt64LittleEndian(entry[16..]),
            BinaryPrimitives.ReadUInt64LittleEndian(entry[24..]),
            BinaryPrimitives.ReadUInt64LittleEndian(entry[32..]),
            BinaryPrimitives.ReadUInt64LittleEndian(entry[40..]),
            (BinaryPrimitives.ReadUInt32LittleEndian(entry[4..]) & Writable) != 0);
        if (type == Load)
        {
            var length = (ulong)_file.Stream.Length;
            if (segment.FileBytes > 0 && (segment.Offset > length || segment.FileBytes > length - segment.Offset))
                throw Damaged($"segment {Segments.Count}", $"it reaches to byte {segment.Offset} + {segment.FileBytes}, but the file has {length}: it is cut short");
            if (segment.FileBytes > segment.MemoryBytes || segment.Address > ulong.MaxValue - segment.MemoryBytes || segment.PhysicalAddress > ulong.MaxValue - segment.MemoryBytes)
                throw Damaged($"segment {Segments.Count}", $"{segment.FileBytes} bytes in the file stand for {segment.MemoryBytes} bytes at {segment.Address:x}");
            Segments.Add(segment);
        }
        else if (type == Note)
        {
            var length = (long)Math.Min(segment.FileBytes, long.MaxValue);
            if (length > NotesBytesMax - _notesBytes)
                throw Damaged("notes", $"they have {length} bytes and more, and at most {NotesBytesMax} are read");
            _notesBytes += length;
            ReadNotes(Bytes(segment.Offset, length, "notes"));
        }
    }

    private void ReadNotes(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length >= 12)
        {
            var nameBytes = BinaryPrimitives.ReadUInt32LittleEndian(bytes);
            var descriptionBytes = BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]);
            var type = BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]);
            var (nameEnd, end) = (12 + Padded(nameBytes), 12 + Padded(nameBytes) + descriptionBytes);
            if (end > bytes.Length)
                throw Damaged("notes", $"a note of {descriptionBytes} bytes does not fit");
            Notes.Add(new ElfNote(Encoding.ASCII.GetString(bytes.Slice(12, (int)nameBytes)).TrimEnd('\0'), type, bytes[(int)nameEnd..(int)end].ToArray()));
            bytes = bytes[(int)Math.Min(12 + Padded(nameBytes) + Padded(descriptionBytes), bytes.Length)..];
        }

        static long Padded(uint length) => ((long)length + 3) & ~3L;
    }

    private byte[] Bytes(ulong offset, long count, string what)
    {
        if (count > NotesBytesMax || offset > (ulong)_file.Stream.Length || (ulong)count > (ulong)_file.Stream.Length - offset)
            throw Damaged(what, $"{count} bytes from byte {offset} on do not lie in the file of {_file.Stream.Length} bytes");
        var bytes = new byte[count];
        if (_file.ReadAt((long)offset, bytes) < count)
            throw Damaged(what, "the file ends within");
        return bytes;
    }

    private ImportException Damaged(string place, string problem) => new(_file.Name, place, null, problem, "Dump or copy the file again");
}
