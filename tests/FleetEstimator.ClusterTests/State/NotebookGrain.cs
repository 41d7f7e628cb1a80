using FleetEstimator.Grains;

namespace FleetEstimator.ClusterTests.State;

/// <summary>A grain that keeps bytes, and nothing else.</summary>
public interface INotebookGrain : IGrainWithStringKey
{
    Task Write(byte[] pages);

    Task<byte[]> Read();
}

[GenerateSerializer]
[Alias("FleetEstimator.ClusterTests.Notebook")]
public sealed class Notebook
{
    [Id(0)]
    public byte[] Pages { get; set; } = [];
}

public sealed class NotebookGrain([PersistentState("notebook", StudyStorage.Name)] IPersistentState<Notebook> notebook) : Grain, INotebookGrain
{
    public Task Write(byte[] pages)
    {
        notebook.State.Pages = pages;
        return notebook.WriteStateAsync();
    }

    public Task<byte[]> Read() => Task.FromResult(notebook.State.Pages);
}
