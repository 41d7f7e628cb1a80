using System.Buffers.Binary;
using FleetEstimator.Recorder;
using FleetEstimator.Tests.Traces;

namespace FleetEstimator.Tests.Recorder.Sources;

/// <summary>A tree of files in the place of /proc and /sys. Files of numbers hold 64 bits each, as the kernel's do.</summary>
internal sealed class MadeUpKernel : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public MadeUpKernel()
    {
        Kernel = new KernelTree(_folder.Path);
        Write("/proc/sys/kernel/osrelease", "6.12.1-test\n");
    }

    public KernelTree Kernel { get; }

    public string PathOf(string path) => _folder.Path + path;

    public void Write(string path, string text)
    {
        _ = Directory.CreateDirectory(Path.GetDirectoryName(PathOf(path))!);
        File.WriteAllText(PathOf(path), text);
    }

    public string Read(string path) => File.ReadAllText(PathOf(path));

    public void SetNumber(string path, ulong index, ulong number)
    {
        _ = Directory.CreateDirectory(Path.GetDirectoryName(PathOf(path))!);
        using var file = new FileStream(PathOf(path), FileMode.OpenOrCreate, FileAccess.ReadWrite);
        file.Position = (long)index * sizeof(ulong);
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, number);
        file.Write(bytes);
    }

    public ulong Number(string path, ulong index)
    {
        using var file = File.OpenRead(PathOf(path));
        file.Position = (long)index * sizeof(ulong);
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        return file.ReadAtLeast(bytes, sizeof(ulong), throwOnEndOfStream: false) == sizeof(ulong) ? BinaryPrimitives.ReadUInt64LittleEndian(bytes) : 0;
    }

    public void Dispose() => _folder.Dispose();
}
